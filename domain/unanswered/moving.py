"""The questions of a phrasing follow it to its new cluster: a page a transaction, however many there are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.database import Database
from core.queue.turns import Turn
from domain.analytics.days import bounds, day_of
from domain.analytics.marks_repository import mark
from domain.analytics.tally import AGAIN_WITHIN
from domain.principal import system
from domain.unanswered.grouping_repository import GroupingRepository
from domain.workspaces.service import WorkspaceService

PHRASINGS = 100  # looked at together
TOGETHER = 500  # questions that one transaction moves


def move_questions(database: Database, workspace_id: str, turn: Turn) -> None:
    """All that are left behind, while it is our turn."""
    while True:
        with database.read() as session:
            moved = GroupingRepository(session, system(workspace_id)).moved(PHRASINGS)
        for phrasing_id in moved:
            while True:
                if not turn.go_on():
                    return
                if _move(database, workspace_id, phrasing_id):
                    break
        if len(moved) < PHRASINGS:
            return


def _move(database: Database, workspace_id: str, phrasing_id: str) -> bool:
    """Whether all have followed."""
    who = system(workspace_id)
    with database.write() as session:
        rows = GroupingRepository(session, who)
        rows.locked()
        phrasing = rows.phrasings([phrasing_id]).get(phrasing_id)
        if phrasing is None:
            return True
        some = rows.left_behind(phrasing, TOGETHER)
        rows.follow(phrasing, [question_id for question_id, _ in some])
        mark(
            session, workspace_id, _changed([at for _, at in some], ZoneInfo(WorkspaceService(session, who).timezone()))
        )
        phrasing.moved = len(some) == TOGETHER
        return not phrasing.moved


def _changed(moments: Sequence[datetime], zone: ZoneInfo) -> set[datetime]:
    """The beginning of each day that has to be counted again: theirs, and those whose answers they may contradict."""
    found = set()
    for day in {day_of(at, zone) for at in moments}:
        found |= {bounds(day - timedelta(days=back), zone)[0] for back in range(AGAIN_WITHIN.days + 1)}
    return found
