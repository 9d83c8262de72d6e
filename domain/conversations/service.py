"""Questions to agents: the answer as it comes, and the conversation that keeps it."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy.orm import Session

from core.crypto import Keyring
from core.database import Database
from core.errors import Conflict, InsydrError, InvalidInput
from core.ids import Prefix, new_id
from core.vectors.protocol import Scope
from core.visible import is_visible
from domain.agents.repository import AgentRepository
from domain.agents.service import AgentService, snapshot, version_label
from domain.agents.settings import DEFAULT_FALLBACK, AgentStatus, widget_config
from domain.calibration.repository import CalibrationRepository
from domain.conversations import allowance, proofs
from domain.conversations.allowance import Allowance
from domain.conversations.recording import Exchange, Timings, Visit, record, search_ms
from domain.conversations.repository import ConversationRepository
from domain.conversations.sources import Source, source_of
from domain.models import Agent
from domain.principal import Permission, Principal
from domain.search.passage_repository import SqlPassages
from domain.usage.months import Month
from retrieval.answerer import Answerer
from retrieval.answers import Answer, Style, Turn

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to an agent; `history` where the caller keeps the conversation, `session_id` where we do.

    The ids are those that question and answer will be stored under.
    """

    message: str
    visit: Visit
    session_id: str | None = None
    history: Sequence[Turn] = ()
    proof: str | None = None  # of work
    at: float = field(default_factory=time.perf_counter)
    question_id: str = field(default_factory=lambda: new_id(Prefix.MESSAGE))
    answer_id: str = field(default_factory=lambda: new_id(Prefix.MESSAGE))

    def elapsed_ms(self) -> int:
        return round((time.perf_counter() - self.at) * 1000)


@dataclass(frozen=True, slots=True)
class Brief:
    """What one answer needs of an agent, in that state of it which is asked, and of the conversation."""

    agent_id: str
    version: str
    collection_ids: tuple[str, ...] | None  # None: all of the workspace
    style: Style
    history: Sequence[Turn] = ()
    shows_sources: bool = True
    streams: bool = True
    offers_escalation: bool = True  # to a human, after the fallback
    wants_proof: bool = False  # of work, from a visitor whose session is not known
    allowance: Allowance | None = None  # None: not counted
    month: Month | None = None  # in which the question counts, once it is admitted


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text; an empty one says that the answer is still being written."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The whole answer, which is stored."""

    answer: Answer
    sources: Sequence[Source]
    session_id: str
    message_id: str
    response_time_ms: int
    agent_version: str


Piece = Token | Reply


class ConversationService:
    def __init__(self, database: Database, keys: Keyring, answerer: Answerer) -> None:
        self._database, self._keys, self._answerer = database, keys, answerer
        self._passages = SqlPassages(database)

    def draft_brief(self, who: Principal, agent_id: str, asked: Asked) -> Brief:
        """The draft of an agent, for `ask`. What is wrong with the request is raised here, before an answer begins."""
        who.require(Permission.AGENTS_TEST)
        _check(asked)
        with self._database.read() as session:
            agent = AgentService(session, who).to_test(agent_id)
            if agent.status == AgentStatus.ARCHIVED:
                raise Conflict("The agent is archived.", code="AGENT_ARCHIVED")
            collections = [row.id for row in AgentRepository(session, who).collections(agent.id)]
            brief = _brief(session, who, agent, snapshot(agent, collections), asked)
        return self._admitted(who, brief, asked)

    def published_brief(self, who: Principal, agent_id: str, asked: Asked) -> Brief:
        """As `draft_brief`, of the version that is published."""
        who.require(Permission.AGENTS_ASK)
        _check(asked)
        with self._database.read() as session:
            agent, settings = AgentService(session, who).published(agent_id)
            if agent.paused_at is not None:
                raise Conflict("The agent is paused. Ask again later.", code="AGENT_PAUSED")
            brief = _brief(session, who, agent, settings, asked)
        return self._admitted(who, brief, asked)

    def _admitted(self, who: Principal, brief: Brief, asked: Asked) -> Brief:
        """What every question passes, of every channel, before it is answered: here it is counted."""
        key_id = asked.visit.key_id
        if brief.wants_proof and key_id and not brief.history:
            proofs.check(self._database, self._keys, asked.proof, brief.agent_id, key_id)
        month = allowance.take(self._database, who, brief.allowance) if brief.allowance else None
        return replace(brief, month=month)

    def give_back(self, who: Principal, brief: Brief) -> None:
        """The message of a question that was admitted, but could not be answered because something of ours broke."""
        if brief.allowance is None or brief.month is None:
            return
        try:
            allowance.give_back(self._database, who, brief.allowance, brief.month)
        except InsydrError as error:  # most likely what broke before
            log.warning("message_not_given_back", workspace_id=who.workspace_id, reason=error.message)

    def answer(self, who: Principal, brief: Brief, asked: Asked) -> Reply:
        """For callers who do not stream. What breaks is given back."""
        try:
            return reply_of(self.ask(who, brief, asked))
        except Exception:
            self.give_back(who, brief)
            raise

    def ask(self, who: Principal, brief: Brief, asked: Asked) -> Generator[Piece, None, None]:
        """Tokens as they become known, whose texts joined are the answer's, then one `Reply`. Where the agent does not
        stream, its text is one token.

        Whoever closes it before the reply ends the reading of the language model, and nothing is stored. No session
        is held meanwhile. Where it raises, its message is to be given back.
        """
        scope = Scope(who.workspace_id, collection_ids=brief.collection_ids)
        history = asked.history or brief.history
        first_token_ms: int | None = None
        with closing(self._answerer.stream(self._passages, scope, asked.message, history, brief.style)) as pieces:
            for piece in pieces:
                if first_token_ms is None and piece:
                    first_token_ms = asked.elapsed_ms()
                if isinstance(piece, Answer):
                    if not brief.streams:
                        yield Token(piece.text)
                    yield self._recorded(who, brief, asked, piece, first_token_ms)
                else:
                    yield Token(piece if brief.streams else "")

    def _recorded(
        self, who: Principal, brief: Brief, asked: Asked, answer: Answer, first_token_ms: int | None
    ) -> Reply:
        timings = Timings(search_ms(answer), first_token_ms, asked.elapsed_ms())
        sources = [source_of(quote) for quote in answer.quotes] if brief.shows_sources else []
        exchange = Exchange(
            brief.agent_id, brief.version, asked.visit, asked.session_id, asked.question_id, asked.answer_id,
            asked.message, answer, sources, timings,
        )  # fmt: skip
        with self._database.write() as session:
            session_id = record(session, who, exchange)
        return Reply(answer, sources, session_id, asked.answer_id, timings.whole, brief.version)


def _check(asked: Asked) -> None:
    if not is_visible(asked.message):
        raise InvalidInput("message must not be blank.", field="message")


def _brief(session: Session, who: Principal, agent: Agent, settings: dict[str, Any], asked: Asked) -> Brief:
    conversations = ConversationRepository(session, who)
    known = conversations.find(agent.id, asked.visit.key_id, asked.session_id) if asked.session_id else None
    history = conversations.history(known.id) if known else []
    brief = brief_of(agent.id, version_label(agent), settings, history)
    calibration = CalibrationRepository(session, who).scaling()
    allowed = allowance.allowance_of(session, who, asked.visit.key_id)
    return replace(brief, style=replace(brief.style, calibration=calibration), allowance=allowed)


def offers_escalation(session: Session, who: Principal, agent_id: str, version: str | None) -> bool:
    """Whether that version of the agent offers a human after its fallback."""
    minor = int((version or "1.0").partition(".")[2])
    found = AgentRepository(session, who).version(agent_id, minor)
    return widget_config(found.snapshot if found else {}).behavior.offer_escalation


def reply_of(pieces: Iterator[Piece]) -> Reply:
    """For callers who do not stream."""
    return next(piece for piece in pieces if isinstance(piece, Reply))


def brief_of(agent_id: str, version: str, settings: dict[str, Any], history: Sequence[Turn]) -> Brief:
    """From the settings of one state of the agent, as `snapshot` makes them."""
    response, behavior, rules = (
        settings[name] for name in ("response_config", "behavior_settings", "conversation_rules")
    )
    style = Style(
        max_characters=response["max_response_length"],
        threshold=response["confidence_threshold"],
        fallback=settings["fallback_message"] or DEFAULT_FALLBACK,
        allowed_topics=tuple(rules["allowed_topics"]),
        blocked_words=tuple(rules["blocked_words"]),
        tone=behavior["tone"],
        response_style=behavior["response_style"],
        system_prompt=rules["custom_system_prompt"],
        language=behavior["fixed_language"] if behavior["language_mode"] == "fixed" else None,
    )
    named, widget = settings["collection_ids"], widget_config(settings)
    return Brief(
        agent_id, version, None if named is None else tuple(named), style, history,
        shows_sources=response["show_sources"], streams=response["stream_response"],
        offers_escalation=widget.behavior.offer_escalation, wants_proof=widget.protection.proof_of_work,
    )  # fmt: skip
