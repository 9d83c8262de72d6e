"""Conversations as they stand on the wire."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.fields import Output
from api.insydr.answer_schemas import SourceOut
from domain.conversations.records import Recorded
from domain.models import Channel, Feedback, Message


class ThumbsOut(BaseModel):
    thumbs_up: int
    thumbs_down: int


class ConversationOut(BaseModel):
    id: str
    session_id: str = Field(description="As the client names it.")
    agent_id: str
    agent_name: str
    channel: Channel
    visitor_id: str | None
    email: str | None
    language: str | None = Field(description="Of the latest question, ISO 639-1.")
    page_url: str | None = Field(description="Where the latest question was asked.")
    first_question: str
    message_count: int = Field(description="Questions and answers.")
    answered: bool = Field(description="False where the fallback message was given at least once.")
    unanswered_count: int
    feedback: ThumbsOut
    escalated: bool
    escalated_at: datetime | None
    created_at: datetime
    last_message_at: datetime
    duration_seconds: float


class ConversationList(BaseModel):
    conversations: list[ConversationOut]
    total: int


class FeedbackOut(BaseModel):
    feedback_type: Feedback
    comment: str | None
    at: datetime | None


class RecordedMessageOut(Output):
    id: str
    role: str = Field(description="user or agent")
    content: str
    created_at: datetime
    language: str | None
    sources: list[SourceOut]
    confidence: float | None
    answered: bool | None
    refusal: str | None = Field(description="Why the fallback message was given.")
    generator: str | None
    notice: str | None
    agent_version: str | None
    search_ms: float | None
    first_token_ms: int | None
    response_time_ms: int | None
    feedback: FeedbackOut | None
    is_right: bool | None = Field(description="As it was labelled for calibration.")


class RecordedEscalationOut(Output):
    id: str
    email: str
    name: str | None
    phone: str | None
    message: str | None
    page_url: str | None
    created_at: datetime


class ConversationWhole(ConversationOut):
    user_agent: str | None
    metadata: dict[str, Any]
    messages: list[RecordedMessageOut]
    escalations: list[RecordedEscalationOut] = Field(description="When a human was asked for.")


class ConversationDetail(ConversationWhole):
    total: int = Field(description="Messages in all; `messages` is a page of them, the oldest first.")


class RemovedOut(BaseModel):
    deleted: int


def conversation_out(recorded: Recorded) -> ConversationOut:
    return ConversationOut(**_fields(recorded))


def conversation_whole(recorded: Recorded) -> ConversationWhole:
    return ConversationWhole(**_all_fields(recorded))


def conversation_detail(recorded: Recorded, total: int) -> ConversationDetail:
    return ConversationDetail(**_all_fields(recorded), total=total)


SAME = (
    "id", "session_id", "agent_id", "channel", "visitor_id", "email", "language", "page_url", "first_question",
    "escalated_at", "created_at", "last_message_at",
)  # fmt: skip


def _fields(recorded: Recorded) -> dict[str, Any]:
    row = recorded.conversation
    return {
        **{name: getattr(row, name) for name in SAME},
        "agent_name": recorded.agent_name, "message_count": row.messages, "answered": row.unanswered == 0,
        "unanswered_count": row.unanswered, "escalated": row.escalated_at is not None,
        "feedback": ThumbsOut(thumbs_up=row.thumbs_up, thumbs_down=row.thumbs_down),
        "duration_seconds": round((row.last_message_at - row.created_at).total_seconds(), 3),
    }  # fmt: skip


def _all_fields(recorded: Recorded) -> dict[str, Any]:
    row = recorded.conversation
    messages = [_message(message) for message in recorded.messages]
    escalations = [RecordedEscalationOut.model_validate(one) for one in recorded.escalations]
    return {
        **_fields(recorded), "user_agent": row.user_agent, "metadata": row.custom, "messages": messages,
        "escalations": escalations,
    }  # fmt: skip


def _message(row: Message) -> RecordedMessageOut:
    names = RecordedMessageOut.model_fields.keys() - {"feedback"}
    given = None
    if row.feedback is not None:
        given = FeedbackOut(feedback_type=Feedback(row.feedback), comment=row.feedback_comment, at=row.feedback_at)
    return RecordedMessageOut(**{name: getattr(row, name) for name in names}, feedback=given)
