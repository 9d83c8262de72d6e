"""Exchanges, stored: the one place where a question of any channel becomes a record."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.ids import Prefix, new_id
from domain.analytics.recording import Told, note_question
from domain.conversations.repository import ConversationRepository
from domain.conversations.sources import Source
from domain.events.kinds import EventType
from domain.events.recording import Event, record_all
from domain.models import Channel, Conversation, Message
from domain.principal import Principal
from retrieval.answers import Answer

SHOWN_CHARACTERS = 200  # of the first question, in lists
SEARCH = ("embed", "vectors", "passages")  # of the answer's timings


@dataclass(frozen=True, slots=True)
class Visit:
    """Where and as whom somebody asks. `key_id` is the public key; empty for members and programs of the workspace.

    With `names_sessions` a session that is not known is opened under the client's name for it, else under one of ours.
    """

    channel: Channel
    key_id: str = ""
    names_sessions: bool = False
    visitor_id: str | None = None
    page_url: str | None = None
    user_agent: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds since the question came."""

    search: float | None
    first_token: int | None
    whole: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer, to be stored; `session_id` as the client names it, None for a new one."""

    agent_id: str
    agent_version: str
    visit: Visit
    session_id: str | None
    question_id: str
    answer_id: str
    question: str
    answer: Answer
    sources: Sequence[Source]
    timings: Timings


def record(session: Session, who: Principal, exchange: Exchange) -> str:
    """Store an exchange, in a new conversation for an unknown session; how the session is named."""
    conversation = conversation_of(
        ConversationRepository(session, who), exchange.agent_id, exchange.visit, exchange.session_id
    )
    is_first = not conversation.messages
    _count(conversation, exchange)
    common: dict[str, Any] = {"conversation_id": conversation.id, "workspace_id": who.workspace_id}
    session.add(_question(exchange, common))
    session.flush()  # the answer's row comes after its question's
    session.add(_answer(exchange, common))
    session.flush()
    told = Told(exchange.question_id, exchange.question, exchange.answer_id, exchange.answer, exchange.timings.whole)
    note_question(session, conversation, told)
    if exchange.visit.channel is not Channel.TEST:  # nobody's automation should run because a member tries an agent
        record_all(session, _events(conversation, exchange, is_first))
    return conversation.session_id


def conversation_of(
    repository: ConversationRepository, agent_id: str, visit: Visit, session_id: str | None
) -> Conversation:
    """The session's, locked, so that messages that come together are counted one after the other; a new one for a
    session that is not known."""
    if session_id:
        found = repository.find(agent_id, visit.key_id, session_id, lock=True)
        if found is not None:
            return found
    new, now = new_id(Prefix.CONVERSATION), utc_now()
    return repository.open({
        "id": new, "agent_id": agent_id, "channel": visit.channel, "key_id": visit.key_id,
        "session_id": session_id if visit.names_sessions and session_id else new,
        "created_at": now, "last_message_at": now,
    })  # fmt: skip


def describe(conversation: Conversation, visit: Visit) -> None:
    """What the client says of its visitor, the latest holds."""
    conversation.visitor_id = visit.visitor_id or conversation.visitor_id
    conversation.page_url = visit.page_url or conversation.page_url
    conversation.user_agent = visit.user_agent or conversation.user_agent
    conversation.custom = dict(visit.custom) or conversation.custom


def _events(conversation: Conversation, exchange: Exchange, is_first: bool) -> list[Event]:
    ids = {
        "conversation_id": conversation.id, "agent_id": exchange.agent_id, "channel": exchange.visit.channel,
        "message_id": exchange.answer_id, "question_id": exchange.question_id,
    }  # fmt: skip
    kinds = [EventType.CONVERSATION_STARTED] if is_first else []
    kinds += [EventType.MESSAGE_RECEIVED]
    kinds += [] if exchange.answer.answered else [EventType.MESSAGE_UNANSWERED]
    return [Event(kind, conversation.workspace_id, ids) for kind in kinds]


def _count(conversation: Conversation, exchange: Exchange) -> None:
    trace = exchange.answer.trace
    conversation.first_question = conversation.first_question or _shown(exchange.question)
    conversation.messages += 2
    conversation.unanswered += not exchange.answer.answered
    conversation.last_message_at, conversation.ended_at = utc_now(), None
    conversation.language = trace.language if trace else conversation.language
    describe(conversation, exchange.visit)


def _shown(question: str) -> str:
    return " ".join(question.split())[:SHOWN_CHARACTERS]


def _question(exchange: Exchange, common: dict[str, Any]) -> Message:
    trace = exchange.answer.trace
    return Message(
        id=exchange.question_id, role="user", content=exchange.question, sources=[],
        language=trace.language if trace else None, **common,
    )  # fmt: skip


def _answer(exchange: Exchange, common: dict[str, Any]) -> Message:
    answer, trace = exchange.answer, exchange.answer.trace
    return Message(
        id=exchange.answer_id,
        role="agent",
        content=answer.text,
        sources=[asdict(source) for source in exchange.sources],
        confidence=answer.confidence,
        raw_confidence=trace.raw_confidence if trace else None,
        answered=answer.answered,
        refusal=trace.refusal if trace else None,
        generator=answer.generator,
        notice=answer.notice,
        search_ms=exchange.timings.search,
        first_token_ms=exchange.timings.first_token,
        response_time_ms=exchange.timings.whole,
        agent_version=exchange.agent_version,
        **common,
    )


def search_ms(answer: Answer) -> float | None:
    """How long passages were looked for."""
    if answer.trace is None:
        return None
    return round(sum(answer.trace.timings_ms.get(part, 0.0) for part in SEARCH), 3)
