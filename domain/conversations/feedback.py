"""A visitor's thumb for an answer: given, changed, counted."""

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InvalidInput, NotFound
from domain.analytics.recording import note_feedback
from domain.conversations.repository import ConversationRepository
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.models import Conversation, Feedback, Message
from domain.principal import Permission, Principal


def give_feedback(
    session: Session, who: Principal, key_id: str, message_id: str, kind: Feedback, comment: str | None
) -> Message:
    """Only for what came by the same public key (`key_id`; empty: to members and programs of the workspace).

    A later one replaces it; without a comment the earlier one goes.
    """
    who.require(Permission.AGENTS_ASK)
    found = ConversationRepository(session, who).message(message_id, key_id, lock=True)
    if found is None:
        raise NotFound("There is no such message.", code="MESSAGE_NOT_FOUND", field="message_id")
    message, conversation = found
    if message.role != "agent":
        raise InvalidInput("Only answers get feedback.", code="NOT_AN_ANSWER", field="message_id")
    _count(conversation, message.feedback, -1)
    _count(conversation, kind, 1)
    message.feedback, message.feedback_comment, message.feedback_at = kind, comment, utc_now()
    note_feedback(session, who.workspace_id, message.id, kind)
    ids = {"message_id": message.id, "conversation_id": conversation.id, "agent_id": conversation.agent_id}
    record(session, Event(EventType.FEEDBACK_SUBMITTED, who.workspace_id, {**ids, "feedback_type": kind}))
    return message


def _count(conversation: Conversation, kind: str | None, change: int) -> None:
    if kind == Feedback.THUMBS_UP:
        conversation.thumbs_up += change
    elif kind == Feedback.THUMBS_DOWN:
        conversation.thumbs_down += change
