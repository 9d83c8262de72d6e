"""Answers and searches over a workspace's collections."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.database import Database
from core.errors import Conflict, InvalidInput
from core.vectors.protocol import Scope
from domain.agents.repository import AgentRepository
from domain.agents.service import AgentService, snapshot, version_label
from domain.agents.settings import DEFAULT_FALLBACK, AgentStatus
from domain.answers.passage_repository import SqlPassages
from domain.answers.repository import ConversationRepository, Exchange, record
from domain.collections.service import require_collections
from domain.principal import Permission, Principal
from retrieval.answerer import Answerer
from retrieval.answers import Answer, Quote, Style, Turn
from retrieval.links import passage_link
from retrieval.passages import Passage
from retrieval.search import Searcher

CHANNEL_TEST = "TEST"
PREVIEW_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class SearchOrder:
    query: str
    collection_ids: Sequence[str] | None = None
    document_ids: Sequence[str] | None = None
    language: str | None = None
    top_k: int = 10


@dataclass(frozen=True, slots=True)
class SearchReply:
    passages: list[Passage]
    timings_ms: dict[str, float]
    response_time_ms: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to an agent; `history` where the caller keeps the conversation, `session_id` where we do."""

    message: str
    session_id: str | None = None
    history: Sequence[Turn] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    answer: Answer
    sources: list[dict[str, Any]]
    session_id: str
    message_id: str
    response_time_ms: int
    agent_version: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What of an agent one answer needs, read in one transaction."""

    agent_id: str
    version: str
    settings: dict[str, Any]
    history: list[Turn] = field(default_factory=list)


class AnswerService:
    def __init__(self, database: Database, searcher: Searcher, answerer: Answerer) -> None:
        self._database, self._searcher, self._answerer = database, searcher, answerer
        self._passages = SqlPassages(database)

    def search(self, who: Principal, order: SearchOrder) -> SearchReply:
        who.require(Permission.SEARCH)
        started = time.perf_counter()
        if not order.query.strip():
            raise InvalidInput("query must not be blank.", field="query")
        scope = self._scope(who, order)
        found = self._searcher.search(self._passages, scope, order.query, order.top_k, language=order.language)
        return SearchReply(found.passages, found.timings_ms, _ms_since(started))

    def test(self, who: Principal, agent_id: str, asked: Asked) -> Reply:
        """Ask the draft of an agent."""
        who.require(Permission.AGENTS_TEST)
        started = time.perf_counter()
        if not asked.message.strip():
            raise InvalidInput("message must not be blank.", field="message")
        brief = self._brief(who, agent_id, asked)
        scope = Scope(who.workspace_id, collection_ids=tuple(brief.settings["collection_ids"]))
        style = style_of(brief.settings)
        history = asked.history or brief.history
        answer = self._answerer.answer(self._passages, scope, asked.message, history, style)
        elapsed = _ms_since(started)
        sources = [source_of(quote) for quote in answer.quotes] if _shows_sources(brief.settings) else []
        exchange = Exchange(brief.agent_id, brief.version, CHANNEL_TEST, asked.message, answer, sources, elapsed)
        with self._database.write() as session:
            session_id, message_id = record(session, who, asked.session_id, exchange)
        return Reply(answer, sources, session_id, message_id, elapsed, brief.version)

    def _brief(self, who: Principal, agent_id: str, asked: Asked) -> Brief:
        with self._database.read() as session:
            agent = AgentService(session, who).to_test(agent_id)
            if agent.status == AgentStatus.ARCHIVED:
                raise Conflict("The agent is archived.", code="AGENT_ARCHIVED")
            collections = [row.id for row in AgentRepository(session, who).collections(agent.id)]
            conversations = ConversationRepository(session, who)
            known = conversations.find(agent.id, asked.session_id) if asked.session_id else None
            history = conversations.history(known.id) if known else []
            return Brief(agent.id, version_label(agent), snapshot(agent, collections), history)

    def _scope(self, who: Principal, order: SearchOrder) -> Scope:
        collections = None
        if order.collection_ids is not None:
            with self._database.read() as session:
                collections = tuple(require_collections(session, who, order.collection_ids, "collection_ids"))
        return Scope(
            who.workspace_id,
            collection_ids=collections,
            document_ids=None if order.document_ids is None else tuple(order.document_ids),
            languages=None if order.language is None else (order.language,),
        )


def style_of(settings: dict[str, Any]) -> Style:
    """The agent's settings as the engine takes them."""
    response, behavior, rules = (
        settings[name] for name in ("response_config", "behavior_settings", "conversation_rules")
    )
    return Style(
        max_characters=response["max_response_length"],
        threshold=response["confidence_threshold"],
        fallback=settings["fallback_message"] or DEFAULT_FALLBACK,
        blocked_words=tuple(rules["blocked_words"]),
        tone=behavior["tone"],
        response_style=behavior["response_style"],
        system_prompt=rules["custom_system_prompt"],
        language=behavior["fixed_language"] if behavior["language_mode"] == "fixed" else None,
    )


def source_of(quote: Quote) -> dict[str, Any]:
    """A citation on the wire: the seed's fields, and where exactly the quote stands."""
    stored = quote.passage.stored
    return {
        "document_id": stored.document_id,
        "external_id": stored.external_id,
        "title": stored.title,
        "chunk_preview": stored.content[:PREVIEW_CHARACTERS],
        "relevance_score": round(quote.passage.score, 4),
        "version": stored.version,
        "chunk_index": stored.chunk_index,
        "page": stored.page,
        "heading_path": list(stored.heading_path),
        "char_start": quote.char_start,
        "char_end": quote.char_end,
        "quote": quote.text,
        "url": passage_link(stored, quote.text),
    }


def _shows_sources(settings: dict[str, Any]) -> bool:
    return bool(settings["response_config"]["show_sources"])


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
