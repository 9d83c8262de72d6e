"""An answer as it was given, whether just now or before: what is told again to who asks again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from domain.conversations.repository import ConversationRepository
from domain.conversations.service import Brief, Reply, offers_escalation
from domain.principal import Permission, Principal


@dataclass(frozen=True, slots=True)
class Said:
    """`sources` as they are stored."""

    message_id: str
    session_id: str
    agent_id: str
    agent_version: str
    text: str
    sources: Sequence[dict[str, Any]]
    confidence: float
    answered: bool
    generator: str
    notice: str | None
    response_time_ms: int
    offers_escalation: bool = False  # to a human


def said_of(reply: Reply, brief: Brief) -> Said:
    answer = reply.answer
    return Said(
        reply.message_id, reply.session_id, brief.agent_id, reply.agent_version, answer.text,
        [asdict(source) for source in reply.sources], answer.confidence, answer.answered, answer.generator,
        answer.notice, reply.response_time_ms, brief.offers_escalation and not answer.answered,
    )  # fmt: skip


def said_before(session: Session, who: Principal, key_id: str, message_id: str) -> Said | None:
    """A stored answer; None for one that came by another key."""
    who.require(Permission.AGENTS_ASK)
    found = ConversationRepository(session, who).message(message_id, key_id)
    if found is None or found[0].role != "agent":
        return None
    message, conversation = found
    offers = not message.answered and offers_escalation(session, who, conversation.agent_id, message.agent_version)
    return Said(
        message.id, conversation.session_id, conversation.agent_id, message.agent_version or "", message.content,
        message.sources, message.confidence or 0.0, bool(message.answered), message.generator or "", message.notice,
        message.response_time_ms or 0, offers,
    )  # fmt: skip
