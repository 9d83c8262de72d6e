"""Conversations: found again by session, with the turns that a follow-up needs; exchanges, stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from core.ids import Prefix, new_id
from domain.conversations.sources import Source
from domain.models import Channel, Conversation, Message
from domain.principal import Principal
from domain.scope import TenantRepository
from retrieval.answers import Answer, Turn

HISTORY_TURNS = 10


class ConversationRepository(TenantRepository):
    def find(self, agent_id: str, session_id: str) -> Conversation | None:
        query = self.select(Conversation).where(Conversation.id == session_id, Conversation.agent_id == agent_id)
        return self.session.scalar(query)

    def history(self, conversation_id: str) -> list[Turn]:
        """The last turns, oldest first."""
        query = self.select(Message).where(Message.conversation_id == conversation_id)
        rows = self.session.scalars(query.order_by(Message.id.desc()).limit(HISTORY_TURNS)).all()
        return [Turn(row.role, row.content) for row in reversed(rows)]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer, to be stored; `session_id` where the asker goes on with a conversation."""

    agent_id: str
    agent_version: str
    channel: Channel
    session_id: str | None
    question: str
    answer: Answer
    sources: Sequence[Source]
    response_time_ms: int


def record(session: Session, who: Principal, exchange: Exchange) -> tuple[str, str]:
    """Store an exchange; ids of the conversation (a new one for an unknown session) and of the answer."""
    conversations = ConversationRepository(session, who)
    known = exchange.session_id
    conversation = conversations.find(exchange.agent_id, known) if known else None
    if conversation is None:
        conversation = Conversation(
            id=new_id(Prefix.CONVERSATION),
            workspace_id=who.workspace_id,
            agent_id=exchange.agent_id,
            channel=exchange.channel,
        )
        session.add(conversation)
        session.flush()
    common: dict[str, Any] = {"conversation_id": conversation.id, "workspace_id": who.workspace_id}
    session.add(Message(id=new_id(Prefix.MESSAGE), role="user", content=exchange.question, sources=[], **common))
    reply = Message(
        id=new_id(Prefix.MESSAGE),
        role="agent",
        content=exchange.answer.text,
        sources=[asdict(source) for source in exchange.sources],
        confidence=exchange.answer.confidence,
        raw_confidence=exchange.answer.trace.raw_confidence if exchange.answer.trace else None,
        answered=exchange.answer.answered,
        response_time_ms=exchange.response_time_ms,
        agent_version=exchange.agent_version,
        **common,
    )
    session.add(reply)
    return conversation.id, reply.id
