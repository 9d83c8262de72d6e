"""Asking an agent: tokens, then the reply, which is stored; closed earlier, nothing is."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from core.crypto import Keyring
from core.embedding.sparse import SparseEncoder
from core.errors import InsydrError
from domain.agents.service import AgentChange, AgentService, NewAgent
from domain.conversations.recording import Visit
from domain.conversations.service import Asked, ConversationService, Reply, Token, reply_of
from domain.models import Channel, Conversation, Message
from domain.principal import ROLE_PERMISSIONS, Permission, Role
from retrieval.answerer import Answerer
from retrieval.generate.protocol import AnswerWriter
from retrieval.search import Searcher
from tests.support.bench import Bench

TEXT = "The battery is covered for two years."
KEYS = Keyring("a test's secret key of at least 32 characters")
VISIT = Visit(Channel.TEST)
ASKED = Asked("How long is the battery covered?", VISIT)


class Model:
    """Writes two pieces; `closed` once nobody reads it any more."""

    closed = False

    def write(self, *_: object) -> Iterator[str]:
        try:
            yield "The battery is covered "
            yield "for two years. [1]"
        finally:
            self.closed = True

    def describe(self) -> str:
        return "a fake"


class Desk:
    """An agent over one document."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder)
        self.who, self.database = self.bench.who, self.bench.database
        self.bench.add(TEXT)
        self.bench.work()
        new = NewAgent("A", response_config={"confidence_threshold": 0}, collection_ids=[self.bench.collection])
        with self.database.write() as session:
            self.agent = AgentService(session, self.who).create(new).id

    def service(self, writer: AnswerWriter | None = None) -> ConversationService:
        searcher = Searcher(self.bench.vectors, self.bench.model, SparseEncoder())
        return ConversationService(self.database, KEYS, Answerer(searcher, writer, lambda _: "en"))

    def ask(self, writer: AnswerWriter | None = None, asked: Asked = ASKED):
        service = self.service(writer)
        return service.ask(self.who, service.draft_brief(self.who, self.agent, asked), asked)

    def change(self, **settings: dict[str, object]) -> None:
        with self.database.write() as session:
            AgentService(session, self.who).update(self.agent, AgentChange(**settings), None)

    def messages(self) -> list[Message]:
        with self.database.read() as session:
            return list(session.scalars(select(Message).order_by(Message.id)))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


class TestAsk:
    @pytest.mark.parametrize("writer", [None, Model()])
    def test_tokens_make_the_answer_and_the_reply_is_last(self, desk: Desk, writer: AnswerWriter | None) -> None:
        *tokens, reply = desk.ask(writer)
        assert isinstance(reply, Reply)
        assert all(isinstance(token, Token) for token in tokens)
        assert "".join(token.text for token in tokens) == reply.answer.text == TEXT
        assert reply.agent_version == "1.0"

    @pytest.mark.parametrize("writer", [None, Model()])
    def test_an_agent_that_does_not_stream_says_all_at_once(self, desk: Desk, writer: AnswerWriter | None) -> None:
        desk.change(response_config={"stream_response": False})
        *tokens, reply = desk.ask(writer)
        assert [token.text for token in tokens if token.text] == [reply.answer.text] == [TEXT]

    @pytest.mark.parametrize(
        ("topics", "answered"),
        [
            ([], True), (["Batteries"], True), (["covering"], True), (["frames", "battery years"], True),
            (["frames"], False), (["battery frames"], False), ([""], False),
        ],
    )  # fmt: skip
    def test_only_allowed_topics_are_answered(self, desk: Desk, topics: list[str], answered: bool) -> None:
        desk.change(conversation_rules={"allowed_topics": topics})
        answer = reply_of(desk.ask()).answer
        assert (answer.answered, bool(answer.quotes)) == (answered, answered)

    def test_what_the_reply_says_is_stored_by_then(self, desk: Desk) -> None:
        reply = reply_of(desk.ask(asked=replace(ASKED, visit=Visit(Channel.MCP))))
        question, answer = desk.messages()
        assert (question.role, question.content, question.sources) == ("user", ASKED.message, [])
        assert (answer.id, answer.role, answer.content) == (reply.message_id, "agent", TEXT)
        assert (answer.response_time_ms, answer.agent_version) == (reply.response_time_ms, "1.0")
        with desk.database.read() as session:
            assert session.get_one(Conversation, reply.session_id).channel == "MCP"

    def test_sources_are_stored_as_ever(self, desk: Desk) -> None:
        """Their JSON, to the byte: older messages must read the same."""
        source = reply_of(desk.ask()).sources[0]
        with desk.database.read() as session:
            raw = session.scalar(text("SELECT sources FROM messages WHERE role = 'agent'"))
        expected = {
            "document_id": source.document_id, "external_id": None, "title": source.title, "chunk_preview": TEXT,
            "relevance_score": source.relevance_score, "version": 1, "chunk_index": 0, "page": None,
            "heading_path": [], "char_start": 0, "char_end": len(TEXT), "quote": TEXT, "url": None,
        }  # fmt: skip
        assert raw == json.dumps([expected])

    def test_a_follow_up_knows_what_was_said(self, desk: Desk) -> None:
        first = reply_of(desk.ask())
        asked = Asked("And why?", VISIT, first.session_id)
        brief = desk.service().draft_brief(desk.who, desk.agent, asked)
        assert [turn.content for turn in brief.history] == [ASKED.message, TEXT]
        assert reply_of(desk.ask(asked=asked)).session_id == first.session_id


class TestClosedEarly:
    def test_while_the_model_writes_nothing_is_stored_and_it_is_read_no_further(self, desk: Desk) -> None:
        model = Model()
        pieces = desk.ask(model)
        assert next(pieces) == Token("")
        assert not model.closed
        pieces.close()
        assert model.closed
        assert desk.messages() == []

    def test_within_the_text_nothing_is_stored(self, desk: Desk) -> None:
        pieces = desk.ask()
        assert next(pieces) == Token("The")
        pieces.close()
        assert desk.messages() == []


class TestDraftBrief:
    def test_refuses_in_this_order(self, desk: Desk) -> None:
        """Permission, question, agent: nobody learns of an agent whom they may not ask."""
        key = replace(desk.who, permissions=ROLE_PERMISSIONS[Role.VIEWER] - {Permission.AGENTS_TEST})
        cases = [
            (key, " ", "x"),
            (desk.who, " ", "x"),
            (desk.who, "Hi?", "x"),
            (desk.who, "Hi?", self.archived(desk)),
        ]
        codes = [self.refusal(desk, *case) for case in cases]
        assert codes == ["FORBIDDEN", "VALIDATION_ERROR", "AGENT_NOT_FOUND", "AGENT_ARCHIVED"]

    @staticmethod
    def archived(desk: Desk) -> str:
        with desk.database.write() as session:
            AgentService(session, desk.who).archive(desk.agent, None)
        return desk.agent

    @staticmethod
    def refusal(desk: Desk, who, message: str, agent: str) -> str:
        with pytest.raises(InsydrError) as caught:
            desk.service().draft_brief(who, agent, Asked(message, VISIT))
        return caught.value.code
