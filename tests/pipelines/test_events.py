"""Events: recorded with what caused them, and only then."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import utc_now
from core.errors import Conflict
from core.ids import Prefix, first_id
from domain.agents.service import AgentService, NewAgent
from domain.conversations.endings import end_quiet
from domain.documents.service import DocumentService
from domain.events.recording import forget_old
from domain.models import Channel, Conversation, EventRow
from tests.support.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def events(bench: Bench) -> list[tuple[str, dict[str, Any]]]:
    """Of the bench's workspace, without its owner's joining, which is the first."""
    with bench.database.read() as session:
        mine = select(EventRow).where(EventRow.workspace_id == bench.who.workspace_id).order_by(EventRow.id)
        first, *others = [(row.type, row.data) for row in session.scalars(mine)]
    assert first == ("MEMBER_JOINED", {"user_id": bench.who.user_id, "role": "OWNER"})
    return others


class TestDocuments:
    def test_each_end_once(self, bench: Bench) -> None:
        good, bad = bench.add("A sentence.", "poison")
        bench.model.poison = "poison"
        bench.exhaust(bad)
        bench.work()
        bench.model.poison = ""
        told = {data["document_id"]: (kind, data) for kind, data in events(bench)}
        common = {"collection_id": bench.collection, "version": 1}
        assert told[bad] == ("DOCUMENT_FAILED", {"document_id": bad, "code": "INTERNAL_ERROR", **common})
        bench.hurry()
        bench.work()
        ended = [(kind, data) for kind, data in events(bench) if data["document_id"] == good]
        assert ended == [("DOCUMENT_COMPLETED", {"document_id": good, **common})]

    def test_a_deleted_one(self, bench: Bench) -> None:
        (document,) = bench.add("A sentence.")
        with bench.database.write() as session:
            DocumentService(session, bench.who).delete(document, None)
        bench.upkeep()
        data = {"document_id": document, "collection_id": bench.collection}
        assert events(bench) == [("DOCUMENT_DELETED", data)]


class TestAgents:
    def test_published_and_archived(self, bench: Bench) -> None:
        with bench.database.write() as session:
            service = AgentService(session, bench.who)
            agent = service.create(NewAgent("A"))
            service.publish(agent.id)
            service.archive(agent.id, None)
            agent_id = agent.id
        data = {"agent_id": agent_id, "version": "1.1"}
        assert events(bench) == [("AGENT_PUBLISHED", data), ("AGENT_ARCHIVED", data)]

    def test_what_is_rolled_back_did_not_happen(self, bench: Bench) -> None:
        with bench.database.write() as session:
            agent_id = AgentService(session, bench.who).create(NewAgent("A")).id

        def publish_and_fail() -> None:
            with bench.database.write() as session:
                AgentService(session, bench.who).publish(agent_id)
                raise Conflict("Something else.")

        with pytest.raises(Conflict):
            publish_and_fail()
        assert events(bench) == []


class TestConversations:
    def test_end_when_they_have_been_quiet(self, bench: Bench) -> None:
        spoken = {"a": 31, "b": 29, "tried": 31}  # minutes since the last message
        with bench.database.write() as session:
            agent_id = AgentService(session, bench.who).create(NewAgent("A")).id
            for name, minutes in spoken.items():
                session.add(Conversation(
                    id=f"sess_{name}", workspace_id=bench.who.workspace_id, agent_id=agent_id, session_id=name,
                    channel=Channel.TEST if name == "tried" else Channel.WIDGET, messages=2, unanswered=1,
                    last_message_at=utc_now() - timedelta(minutes=minutes),
                ))  # fmt: skip
        for _ in range(2):  # once is enough
            end_quiet(bench.database)
        data = {"conversation_id": "sess_a", "agent_id": agent_id, "channel": "WIDGET", "messages": 2, "unanswered": 1}
        assert events(bench) == [("CONVERSATION_ENDED", data)]
        with bench.database.read() as session:
            ended = {row.session_id: row.ended_at is not None for row in session.scalars(select(Conversation))}
        assert ended == {"a": True, "b": False, "tried": True}


class TestForgetting:
    def test_after_their_time(self, bench: Bench) -> None:
        bench.add("A sentence.")
        bench.work()
        with bench.database.write() as session:
            old = first_id(Prefix.EVENT, utc_now() - timedelta(days=30, seconds=1))
            session.execute(update(EventRow).where(EventRow.type == "DOCUMENT_COMPLETED").values(id=old))
        forget_old(bench.database, 30)
        assert events(bench) == []
