"""Questions find the others that mean the same, whoever groups them and whatever happens meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from core.clock import utc_now
from core.queue.leases import Lease, take_turn
from domain.analytics.counting import count_all, recount
from domain.conversations.repository import remove_all
from domain.models import Grouping, Question, QuestionCluster
from domain.unanswered.grouping import Grouper
from domain.unanswered.upkeep import name_categories
from domain.unanswered.vectors import unpacked
from tests.support.bench import Model
from tests.support.questions import Asking

WARRANTY = "How long is the battery covered?"
RELATED = "Who makes the battery?"
WEBHOOKS = "Do you support webhooks?"


def grouper(asking: Asking, model: Model | None = None) -> Grouper:
    model = model or Model()
    return Grouper(asking.database, lambda: model)


class TestMany:
    def test_the_same_question_a_thousand_times(self, asking: Asking) -> None:
        """Equal questions are embedded once, and are one cluster."""
        model = Model()
        ids = asking.ask([WARRANTY, WARRANTY.replace(" ", "  ")] * 500)
        assert grouper(asking, model).group_pending() == 1_000
        (cluster,) = asking.clusters()
        assert {asking.cluster_of(one) for one in (ids[0], ids[-1])} == {cluster.id}
        assert model.asked == [1]
        count_all(asking.database, asking.who, "UTC")
        assert recount(asking.database, asking.who, utc_now().date(), "UTC").clusters[cluster.id].asked == 1_000

    def test_two_groupers_begin_no_cluster_twice(self, asking: Asking) -> None:
        for _ in range(20):
            asking.ask([WARRANTY, WEBHOOKS])
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: grouper(asking).group_pending(), range(4)))
        grouper(asking).group_pending()
        assert [one.question for one in asking.clusters()] == [WARRANTY, WEBHOOKS]

    def test_a_grouper_knows_the_clusters_that_another_began(self, asking: Asking) -> None:
        first, second = grouper(asking), grouper(asking)
        for one in (first, second, first):
            asking.ask([WARRANTY])
            one.group_pending()
        assert len(asking.clusters()) == 1


class TestMeanwhile:
    def test_somebody_else_is_at_it(self, asking: Asking) -> None:
        asking.ask([WARRANTY])
        name = f"group_{asking.who.workspace_id}"
        with asking.database.write() as session:
            assert take_turn(session, name, 60) is not None
        with asking.database.write() as session:
            assert take_turn(session, name, 60) is None
        assert grouper(asking).group_pending() == 0
        with asking.database.write() as session:  # its process died
            session.execute(update(Lease).values(expires_at=utc_now() - timedelta(seconds=1)))
        assert grouper(asking).group_pending() == 1

    def test_a_cluster_that_went_meanwhile_begins_again(self, asking: Asking) -> None:
        hers = grouper(asking)
        asking.ask([WARRANTY])
        hers.group_pending()
        (old,) = asking.clusters()
        with asking.database.write() as session:
            session.execute(delete(QuestionCluster))
            session.execute(update(Grouping).values(version=Grouping.version + 1))
        (question,) = asking.ask([WARRANTY])
        hers.group_pending()
        hers.group_pending()
        (new,) = asking.clusters()
        assert new.id != old.id
        assert asking.cluster_of(question) == new.id

    def test_another_model_gets_vectors_of_its_own(self, asking: Asking) -> None:
        asking.ask([WARRANTY])
        grouper(asking).group_pending()
        other = Model()
        other.name, other.dimension = "other", 32
        asking.ask([WARRANTY])
        grouper(asking, other).group_pending()
        assert [(one.model, len(unpacked(one.vector))) for one in asking.phrasings()] == [("fake", 64)]
        asking.ask([WARRANTY + " Really?"])
        grouper(asking, other).group_pending()
        assert {(one.model, len(unpacked(one.vector))) for one in asking.phrasings()} == {("other", 32)}

    def test_an_outage_of_the_model_loses_nothing(self, asking: Asking) -> None:
        model = Model()
        model.outage = True
        asking.ask([WARRANTY])
        with pytest.raises(Exception, match="away"):
            grouper(asking, model).group_pending()
        model.outage = False
        assert grouper(asking, model).group_pending() == 1


class TestAgain:
    def test_asking_again_within_three_days_contradicts(self, asking: Asking) -> None:
        now = utc_now()
        for days in (9, 2, 0):
            asking.ask([WARRANTY], answered=True, visitor="v1", at=now - timedelta(days=days))
        asking.ask([WARRANTY], answered=True, visitor="v2", at=now)
        grouper(asking).group_pending()
        count_all(asking.database, asking.who, "UTC")
        found = [
            sum(tally.counts["contradicted"] for key, tally in day.tallies.items() if key[0])
            for day in (
                recount(asking.database, asking.who, (now - timedelta(days=days)).date(), "UTC") for days in (9, 2, 0)
            )
        ]
        assert found == [0, 1, 0]


class TestUpkeep:
    def test_a_removed_conversation_leaves_none_of_its_words(self, asking: Asking) -> None:
        first = asking.ask([WARRANTY.upper(), WEBHOOKS])
        asking.ask([WARRANTY])
        grouper(asking).group_pending()
        (kept, _) = asking.clusters()
        with asking.database.write() as session:
            remove_all(session, [session.get_one(Question, first[0]).conversation_id])
        (cluster,) = asking.clusters()
        assert (cluster.id, cluster.question) == (kept.id, WARRANTY)
        asking.ask([WARRANTY])
        grouper(asking).group_pending()
        (again,) = asking.clusters()
        assert again.id == kept.id

    def test_every_cluster_gets_a_category(self, asking: Asking) -> None:
        asking.ask([WARRANTY, WEBHOOKS, RELATED])
        grouper(asking).group_pending()
        name_categories(asking.database)
        named = {one.question: one.category for one in asking.clusters()}
        assert named[WARRANTY] == named[RELATED] == "Battery"
        assert named[WEBHOOKS] != named[WARRANTY]
