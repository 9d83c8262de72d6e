"""Reports over HTTP: what they count, over which days, and that they are right when things come late or go."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from core.clock import utc_now
from domain.analytics.counting import recount
from domain.analytics.counting_repository import CountingRepository
from domain.analytics.marks_repository import mark_everything
from domain.analytics.rebuild import rebuild
from domain.analytics.rows import day_rows
from domain.models import Conversation, DayStats, Question, QuestionCluster, StaleDay
from domain.principal import system
from tests.support.analytics import settle
from tests.support.client import Workspace, check_error
from tests.support.visitor import Page

TEXT = "The battery is covered for two years. A frame is covered for ten years."
QUESTION = "How long is the battery covered?"


@pytest.fixture
def agent(shaped: Workspace) -> str:
    shaped.ingest(TEXT, "warranty.txt")
    return str(shaped.agent(name="Desk", response_config={"confidence_threshold": 0})["id"])


def ask(workspace: Workspace, agent: str, message: str = QUESTION, **body: Any) -> dict[str, Any]:
    reply = workspace.post(f"/agents/{agent}/test", json={"message": message, **body})
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def report(workspace: Workspace, name: str, **params: Any) -> dict[str, Any]:
    """After everything is counted."""
    settle(workspace)
    reply = workspace.get(f"/analytics/{name}", params=params)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def move(workspace: Workspace, session_id: str, to: datetime) -> None:
    """As if the conversation had been then."""
    with workspace.shape.parts.database.write() as session:
        mine = (Conversation.workspace_id == workspace.id, Conversation.session_id == session_id)
        session.execute(update(Conversation).where(*mine).values(created_at=to, last_message_at=to))
        session.execute(update(Question).where(Question.conversation_id == session_id).values(asked_at=to))
        mark_everything(session, workspace.id)


def check_right(workspace: Workspace, days: list[date]) -> None:
    """What is kept of each day is what counting it now would keep."""
    database, who = workspace.shape.parts.database, system(workspace.id)
    timezone = workspace.get("").json()["timezone"]
    for day in days:
        with database.read() as session:
            stored = CountingRepository(session, who).stored(day)
        assert stored == day_rows(recount(database, who, day, timezone))


class TestOverview:
    def test_the_seeds_fields_and_how_it_went(self, shaped: Workspace, agent: str) -> None:
        good = ask(shaped, agent)
        ask(shaped, agent, "Who won the match?", session_id=good["session_id"])
        shaped.post(f"/messages/{good['message_id']}/feedback", json={"feedback_type": "THUMBS_UP"})
        found = report(shaped, "overview", days=7)
        today = utc_now().date()
        assert found["period"]["start"] == str(today - timedelta(days=6))
        assert found["period"]["end"] == str(today)
        stats = found["stats"]
        assert (stats["total_conversations"], stats["total_messages"], stats["total_questions"]) == (1, 4, 2)
        assert (stats["active_agents"], stats["knowledge_documents"]) == (0, 1)
        assert stats["avg_response_time_ms"] > 0
        assert stats["satisfaction_score"] == 5.0
        assert found["satisfaction"]["interval"]["low"] < 0.3
        assert found["outcomes"]["confirmed"] == 1
        assert found["calibration"]["judged"] == 1
        assert sum(one["answers"] for one in found["confidence"]) == 2
        assert found["is_current"] is True

    def test_against_the_days_before(self, shaped: Workspace, agent: str) -> None:
        old = ask(shaped, agent)
        move(shaped, old["session_id"], utc_now() - timedelta(days=8))
        assert report(shaped, "overview", days=7)["trends"]["conversations_change"] == -100.0
        for _ in range(3):
            ask(shaped, agent)
        trends = report(shaped, "overview", days=7)["trends"]
        assert (trends["conversations_change"], trends["messages_change"]) == (200.0, 200.0)
        assert report(shaped, "overview", days=30)["trends"]["conversations_change"] is None

    def test_parts_of_it(self, shaped: Workspace, agent: str) -> None:
        other = str(shaped.agent(name="Other", response_config={"confidence_threshold": 0})["id"])
        ask(shaped, agent)
        ask(shaped, other)
        assert report(shaped, "overview")["stats"]["total_questions"] == 2
        assert report(shaped, "overview", agent_id=other)["stats"]["total_questions"] == 1
        assert report(shaped, "overview", channel="TEST")["stats"]["total_questions"] == 2
        assert report(shaped, "overview", channel="WIDGET", agent_id=other)["stats"]["total_questions"] == 0

    def test_asking_for_a_human_contradicts_the_answer(self, shaped: Workspace, agent: str) -> None:
        shaped.post(f"/agents/{agent}/publish")
        page = Page.of(shaped, agent=agent)
        page.say(QUESTION, session_id="s1")
        assert page.post("escalate", agent_id=agent, session_id="s1", email="ada@example.com").status_code == 201
        outcomes = report(shaped, "overview")["outcomes"]
        assert (outcomes["answered"], outcomes["escalated"], outcomes["contradicted"]) == (1, 1, 1)

    def test_nothing_yet(self, shaped: Workspace) -> None:
        found = report(shaped, "overview", days=90)
        assert found["stats"]["satisfaction_score"] is None
        assert found["stats"]["median_response_time_ms"] is None
        assert found["outcomes"]["answered_share"] is None
        assert found["trends"]["conversations_change"] == 0.0


class TestActivity:
    def test_days_hours_and_agents(self, shaped: Workspace, agent: str) -> None:
        first = ask(shaped, agent)
        ask(shaped, agent, session_id=first["session_id"])
        ask(shaped, agent)
        found = report(shaped, "conversations", days=7)
        days = found["daily_data"]
        assert [day["date"] for day in days] == sorted(day["date"] for day in days)
        assert (len(days), sum(day["messages"] for day in days), sum(day["conversations"] for day in days)) == (7, 6, 2)
        assert sum(one["count"] for one in found["peak_hours"]) == 2
        (mine,) = found["by_agent"]
        assert (mine["agent_id"], mine["agent_name"]) == (agent, "Desk")
        assert (mine["conversations"], mine["percentage"], mine["outcomes"]["questions"]) == (2, 100.0, 3)

    def test_a_day_is_the_zones(self, shaped: Workspace, agent: str) -> None:
        at = datetime(2026, 10, 24, 22, 30, tzinfo=ZoneInfo("UTC"))  # in Berlin the 25th, which has 25 hours
        for hours in (0, 24, 25):
            move(shaped, ask(shaped, agent)["session_id"], at + timedelta(hours=hours))
        wanted = {"from": "2026-10-24", "to": "2026-10-26"}
        per_day = [day["conversations"] for day in report(shaped, "conversations", **wanted)["daily_data"]]
        assert per_day == [1, 2, 0]
        assert shaped.patch("", json={"timezone": "Europe/Berlin"}).status_code == 200
        per_day = [day["conversations"] for day in report(shaped, "conversations", **wanted)["daily_data"]]
        assert per_day == [0, 2, 1]

    def test_csv(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent)
        report(shaped, "overview")
        reply = shaped.get("/analytics/conversations/export", params={"days": 7})
        lines = reply.text.removeprefix("\ufeff").splitlines()
        assert reply.headers["content-type"].startswith("text/csv")
        assert len(lines) == 8
        assert lines[0].startswith("date,conversations,messages,avg_duration_seconds")
        assert lines[-1].startswith(f"{utc_now().date()},1,2,")


class TestUse:
    def test_documents_and_collections(self, shaped: Workspace, agent: str) -> None:
        other = shaped.ingest("Bananas are yellow.", "fruit.txt", collection_id=shaped.new_collection("Fruit"))
        reply = ask(shaped, agent)
        ask(shaped, agent, session_id=reply["session_id"])
        shaped.post(f"/messages/{reply['message_id']}/feedback", json={"feedback_type": "THUMBS_DOWN"})
        cited = reply["sources"][0]["document_id"]
        found = report(shaped, "documents")
        assert (found["total"], found["documents"][0]["document_id"]) == (2, cited)
        first = found["documents"][0]
        assert (first["cited"], first["cited_first"], first["thumbs_down"], first["contradicted"]) == (2, 2, 1, 1)
        assert report(shaped, "documents", used="true")["total"] == 1
        (unused,) = report(shaped, "documents", used="false")["documents"]
        assert (unused["document_id"], unused["cited"]) == (other["id"], 0)
        assert report(shaped, "documents", collection_id=unused["collection_id"])["total"] == 1
        collections = {one["name"]: one for one in report(shaped, "collections")["collections"]}
        assert (collections["Docs"]["documents"], collections["Docs"]["used"], collections["Docs"]["cited"]) == (
            1,
            1,
            2,
        )
        assert (collections["Fruit"]["documents"], collections["Fruit"]["used"]) == (1, 0)

    def test_a_deleted_document_is_not_shown(self, shaped: Workspace, agent: str) -> None:
        document_id = ask(shaped, agent)["sources"][0]["document_id"]
        report(shaped, "overview")
        assert shaped.delete(f"/documents/{document_id}").status_code == 200
        assert report(shaped, "documents")["documents"] == []

    def test_csv(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent)
        report(shaped, "overview")
        lines = shaped.get("/analytics/documents/export").text.removeprefix("\ufeff").splitlines()
        assert lines[0].startswith("cited,cited_first,")
        assert lines[1].startswith("1,1,0,0,0,")


class TestRight:
    """Whatever happens afterwards, what is kept is what counting would give."""

    def test_late_feedback_labels_and_removal(self, shaped: Workspace, agent: str) -> None:
        old = ask(shaped, agent)
        kept = ask(shaped, agent)
        move(shaped, old["session_id"], utc_now() - timedelta(days=3))
        days = [utc_now().date() - timedelta(days=n) for n in range(5)]
        report(shaped, "overview")
        shaped.post(f"/messages/{old['message_id']}/feedback", json={"feedback_type": "THUMBS_DOWN"})
        found = report(shaped, "conversations", days=5)["daily_data"]
        assert [day["thumbs_down"] for day in found] == [0, 1, 0, 0, 0]
        label = {"labels": [{"message_id": kept["message_id"], "right": True}]}
        assert shaped.post("/calibration", json=label).status_code == 200
        assert report(shaped, "overview")["calibration"]["judged"] == 2
        check_right(shaped, days)
        assert shaped.delete(f"/conversations/{old['session_id']}").status_code == 200
        found = report(shaped, "conversations", days=5)["daily_data"]
        assert [day["conversations"] for day in found] == [0, 0, 0, 0, 1]
        check_right(shaped, days)

    def test_what_changes_while_a_day_is_counted_is_counted_next(self, shaped: Workspace, agent: str) -> None:
        """A mark that came after the marks were read is not removed with them."""
        ask(shaped, agent)
        database, who = shaped.shape.parts.database, system(shaped.id)
        with database.read() as session:
            rows = CountingRepository(session, who)
            (at, *_) = rows.stale_moments(10) or [utc_now()]
            seen = rows.marks(at - timedelta(days=1), at + timedelta(days=1), 100)
        ask(shaped, agent)
        with database.write() as session:
            CountingRepository(session, who).remove_marks(seen)
            left = session.query(StaleDay).filter_by(workspace_id=shaped.id).count()
        assert left >= 1
        assert report(shaped, "overview")["stats"]["total_questions"] == 2


class TestBadInput:
    @pytest.mark.parametrize(
        "params",
        [
            {"days": 0}, {"days": 367}, {"days": "week"}, {"from": "2026-02-30"},
            {"from": "2026-02-02", "to": "2026-02-01"},
            {"from": "2016-01-01", "to": "2026-01-01"}, {"days": 7, "to": "2026-01-01"},
            {"from": "0001-01-01", "to": "0001-01-02"},
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("name", ["overview", "conversations"])
    def test_no_range(self, workspace: Workspace, name: str, params: dict[str, Any]) -> None:
        check_error(workspace.get(f"/analytics/{name}", params=params), 400)

    def test_another_workspaces_agent(self, workspace: Workspace) -> None:
        check_error(workspace.get("/analytics/overview", params={"agent_id": "agent_ghost"}), 404)


class TestRebuild:
    def test_it_says_what_was_wrong_and_puts_it_right(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent)
        report(shaped, "overview")
        database, today = shaped.shape.parts.database, utc_now().date()
        counted: list[tuple[int, int]] = []

        def rebuilt(*, store: bool) -> list[date]:
            return rebuild(database, shaped.id, "UTC", store=store, on_day=lambda *one: counted.append(one)).wrong

        assert rebuilt(store=False) == []
        with database.write() as session:
            session.execute(update(DayStats).where(DayStats.workspace_id == shaped.id).values(questions=99))
        assert rebuilt(store=False) == [today]
        assert report(shaped, "overview")["stats"]["total_questions"] == 99
        assert rebuilt(store=True) == [today]
        assert rebuilt(store=False) == []
        assert report(shaped, "overview")["stats"]["total_questions"] == 1
        with database.write() as session:
            session.execute(update(QuestionCluster).where(QuestionCluster.workspace_id == shaped.id).values(asked=7))
        wrong = [
            rebuild(database, shaped.id, "UTC", store=store, on_day=lambda *_: None).wrong_clusters
            for store in (False, True, False)
        ]
        assert wrong == [1, 1, 0]
        assert counted[-1][0] == counted[-1][1]
