"""Clusters that have turned out to mean the same become one by night; what people decided stays."""

from datetime import timedelta

import pytest
from sqlalchemy import Update, update

from core.clock import utc_now
from core.queue.leases import take_turn
from domain.analytics.counting import count_all
from domain.models import ClusterStatus, Grouping, QuestionCluster, Workspace
from domain.unanswered.grouping import Grouper
from domain.unanswered.joining import part
from domain.unanswered.merging import Merged, merge_by_night, merge_workspace
from domain.unanswered.phrasing_repository import PhrasingRepository
from domain.unanswered.repository import ItemRepository
from tests.support.bench import Model
from tests.support.questions import Asking

WARRANTY = "How long is the battery covered?"
SAME = "For how long is the battery covered?"
WEBHOOKS = "Do you support webhooks?"


class Parted:
    """Two clusters of one meaning, the first with a question more, beside one of another meaning."""

    def __init__(self, asking: Asking, *, by_hand: bool = False) -> None:
        self.asking, self._model = asking, Model()
        self._grouper = Grouper(asking.database, lambda: self._model)
        asking.ask([WARRANTY, WARRANTY, SAME, WEBHOOKS])
        self.settle()
        self.first, self.other = asking.clusters()
        with asking.database.write() as session:
            cluster = session.get_one(QuestionCluster, self.first.id)
            rows = PhrasingRepository(session, asking.who)
            worded = [one for one in rows.page(cluster.id, 9, 0)[0] if one.text == SAME]
            self.second = part(session, asking.who, cluster, worded)
            self.second.by_hand = by_hand
        self.settle()

    def settle(self) -> None:
        self._grouper.group_pending()
        count_all(self.asking.database, self.asking.who, "UTC")

    def turn(self, cluster: QuestionCluster, status: ClusterStatus | None) -> None:
        self.change(update(QuestionCluster).where(QuestionCluster.id == cluster.id).values(status=status))

    def change(self, statement: Update) -> None:
        with self.asking.database.write() as session:
            session.execute(statement)

    def merge(self) -> Merged | None:
        found = merge_workspace(self.asking.database, self.asking.who.workspace_id)
        self.settle()
        return found

    def counts(self) -> dict[str, tuple[int, int]]:
        return {one.question: (one.asked, one.failed) for one in self.asking.clusters()}


def test_they_become_the_older_one(asking: Asking) -> None:
    parted = Parted(asking)
    assert parted.counts() == {WARRANTY: (2, 2), SAME: (1, 1), WEBHOOKS: (1, 1)}
    assert parted.merge() == Merged(3, 2)
    assert [one.id for one in asking.clusters()] == [parted.first.id, parted.other.id]
    assert parted.counts() == {WARRANTY: (3, 3), WEBHOOKS: (1, 1)}
    with asking.database.read() as session:
        found = ItemRepository(session, asking.who).get(parted.second.id)
    assert found is not None
    assert found.id == parted.first.id


def test_a_new_question_finds_what_they_became(asking: Asking) -> None:
    """The grouper had them in memory as they were."""
    parted = Parted(asking)
    parted.merge()
    (question,) = asking.ask(["For how long is the battery covered, then?"])
    parted.settle()
    assert asking.cluster_of(question) == parted.first.id


def test_what_a_person_parted_stays_apart(asking: Asking) -> None:
    parted = Parted(asking, by_hand=True)
    assert parted.merge() == Merged(2, 2)
    assert len(asking.clusters()) == 3


@pytest.mark.parametrize("status", [ClusterStatus.RESOLVED, ClusterStatus.IGNORED])
def test_what_a_person_decided_stays(asking: Asking, status: ClusterStatus) -> None:
    parted = Parted(asking)
    parted.turn(parted.first, status)
    assert parted.merge() == Merged(3, 3)
    assert next(one.status for one in asking.clusters()) == status


def test_what_was_always_answered_joins_the_open_one(asking: Asking) -> None:
    parted = Parted(asking)
    parted.turn(parted.first, None)
    assert parted.merge() == Merged(3, 2)
    assert [one.status for one in asking.clusters()] == [ClusterStatus.OPEN] * 2


def test_one_process_at_a_time(asking: Asking) -> None:
    parted = Parted(asking)
    with asking.database.write() as session:
        assert take_turn(session, f"merge_{asking.who.workspace_id}", 60) is not None
    assert parted.merge() is None


@pytest.mark.parametrize(("hours", "merged"), [(0.0, False), (25.0, True)])
def test_once_a_night(asking: Asking, hours: float, merged: bool) -> None:
    parted = Parted(asking)
    zone = _where_it_is_day()
    parted.change(update(Workspace).values(timezone=zone))
    parted.change(update(Grouping).values(merged_at=utc_now() - timedelta(hours=hours)))
    merge_by_night(asking.database)
    assert len(asking.clusters()) == (2 if merged else 3)
    with asking.database.read() as session:
        row = session.get_one(Grouping, asking.who.workspace_id)
    assert (row.version == row.merged_version) == merged


def _where_it_is_day() -> str:
    """A zone in which it is about noon, so that no night begins while the test runs."""
    return f"Etc/GMT{utc_now().hour - 12:+d}"
