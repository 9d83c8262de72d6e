"""Once a night, clusters that have turned out to mean the same become one: what was asked meanwhile shows it.

What people decided stays: a cluster that was resolved or ignored is not joined to an open one, and none that a person
parted from another to any.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import utc_now
from core.database import Database
from core.queue.turns import Turn
from domain.models import ClusterStatus
from domain.principal import system
from domain.unanswered.grouping_repository import GroupingRepository
from domain.unanswered.joining import join
from domain.unanswered.memory import MOST, prepared, stored
from domain.unanswered.merging_repository import Due, MergingRepository, changed_workspaces
from domain.unanswered.vectors import unpacked
from retrieval.paraphrase import Known, load_pair_model
from retrieval.paraphrase.merging import merged

NIGHT = 3  # o'clock, in the workspace's zone
KEEP_TURN = 100  # clusters compared before our turn is asked for again
OnDone = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Merged:
    """How many clusters were compared, and how many are left of them."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class _Read:
    """Phrasings at a version: rows of `known` by cluster, and the status of those that may be joined."""

    version: int
    known: Known
    rows: Mapping[str, Sequence[int]]
    states: Mapping[str, str | None]


def merge_by_night(database: Database) -> None:
    """Of workspaces in which phrasings came since the last time, where a night began since."""
    with database.read() as session:
        found = changed_workspaces(session)
    for one in found:
        if _is_due(one, utc_now()):
            merge_workspace(database, one.workspace_id)


def merge_workspace(database: Database, workspace_id: str, on_done: OnDone | None = None) -> Merged | None:
    """Whatever the hour; None where another process is at it. `on_done` gets how many of all clusters were compared."""
    with closing(Turn(database, f"merge_{workspace_id}")) as turn:
        if not turn.go_on():
            return None

        def keep(done: int, total: int) -> None:
            if done % KEEP_TURN == 0:
                turn.go_on()
            if on_done is not None:
                on_done(done, total)

        read = _read(database, workspace_id)
        ids = [one for one in read.rows if one in read.states]
        same = merged(load_pair_model(), read.known, [read.rows[one] for one in ids], keep)
        joins = [
            len(own)
            for one in same
            for own in _agreeing([ids[place] for place in one], read.states)
            if turn.go_on() and _join(database, workspace_id, own)
        ]
        with database.write() as session:
            row = GroupingRepository(session, system(workspace_id)).locked()
            row.merged_version, row.merged_at = read.version + len(joins), utc_now()
        return Merged(len(ids), len(ids) - sum(joins) + len(joins))


def _is_due(one: Due, now: datetime) -> bool:
    here = now.astimezone(ZoneInfo(one.timezone))
    night = here.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    if night > here:
        night -= timedelta(days=1)
    return one.merged_at < night


def _read(database: Database, workspace_id: str) -> _Read:
    who = system(workspace_id)
    with database.read() as session:
        rows = GroupingRepository(session, who)
        version, places, states = rows.version(), rows.places(MOST), MergingRepository(session, who).states()
    found = [one for page in stored(database, workspace_id, places) for one in page]
    # what was not asked since the embedding changed has a vector of the one before
    own = [(place, row) for place, row in found if row.model == found[-1][1].model]
    by_cluster: dict[str, list[int]] = {}
    for number, (place, _) in enumerate(own):
        by_cluster.setdefault(place.cluster_id, []).append(number)
    return _Read(version, Known([prepared(row, unpacked(row.vector)) for _, row in own]), by_cluster, states)


def _agreeing(ids: Sequence[str], states: Mapping[str, str | None]) -> Iterator[list[str]]:
    """Those of each status; what was always answered goes with the most open."""
    left = [one for one in ids if states[one] is None]
    for status in (ClusterStatus.OPEN, ClusterStatus.RESOLVED, ClusterStatus.IGNORED, None):
        own = [one for one in ids if states[one] == status and status is not None]
        if own or status is None:
            own, left = own + left, []
        if len(own) > 1:
            yield own


def _join(database: Database, workspace_id: str, ids: Sequence[str]) -> bool:
    """Unless somebody decided otherwise meanwhile."""
    who = system(workspace_id)
    with database.write() as session:
        rows = GroupingRepository(session, who)
        rows.locked()
        clusters = rows.existing(ids)
        agreed = {one.status for one in clusters.values()} - {None}
        if len(clusters) < len(ids) or len(agreed) > 1 or any(one.by_hand for one in clusters.values()):
            return False
        join(session, who, list(clusters.values()))
        return True
