"""Conversations and their messages, of every channel."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy

OPEN_ONLY = text("ended_at IS NULL")


class Channel(StrEnum):
    TEST = "TEST"
    WIDGET = "WIDGET"
    API = "API"
    CALL = "CALL"
    MCP = "MCP"


class Feedback(StrEnum):
    THUMBS_UP = "THUMBS_UP"
    THUMBS_DOWN = "THUMBS_DOWN"


class Conversation(Created, Base):
    """`session_id` is how its visitor names it. What a list shows and filters by is counted here, as messages come.

    `key_id` is the public key that it came by; empty where members and programs of the workspace asked.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("uq_conversations_session", "agent_id", "key_id", "session_id", unique=True),
        Index("ix_conversations_recent", "workspace_id", "last_message_at"),
        Index("ix_conversations_begun", "workspace_id", "created_at"),
        Index("ix_conversations_visitor", "workspace_id", "visitor_id"),
        Index("ix_conversations_open", "last_message_at", postgresql_where=OPEN_ONLY, sqlite_where=OPEN_ONLY),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str]  # a `Channel`
    session_id: Mapped[str] = mapped_column(Id)
    key_id: Mapped[str] = mapped_column(Id, default="")
    visitor_id: Mapped[str | None] = mapped_column(Id)  # as the client names who asks
    email: Mapped[str | None]  # where the visitor left one
    language: Mapped[str | None]  # of the latest question, ISO 639-1
    page_url: Mapped[str | None] = mapped_column(Text)  # of the latest question
    user_agent: Mapped[str | None] = mapped_column(Text)
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the client's own metadata
    first_question: Mapped[str] = mapped_column(Text, default="")
    messages: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[int] = mapped_column(default=0)  # answers that were the fallback
    thumbs_up: Mapped[int] = mapped_column(default=0)
    thumbs_down: Mapped[int] = mapped_column(default=0)
    escalated_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime] = mapped_column(default=utc_now)
    ended_at: Mapped[datetime | None]  # when it had been quiet for long enough; a further message opens it again


class Message(Created, Base):
    """A question (`role` user) or an answer (`role` agent) with what it rests on and how long it took."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_labels", "workspace_id", "is_right"),)
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    workspace_id: Mapped[str] = mapped_column(Id, index=True)
    role: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None]  # ISO 639-1, of questions
    sources: Mapped[list[Any]]
    confidence: Mapped[float | None]
    raw_confidence: Mapped[float | None]  # before the workspace's calibration
    is_right: Mapped[bool | None]  # as somebody labelled the answer
    answered: Mapped[bool | None]
    refusal: Mapped[str | None]  # why it is the fallback: a `Refusal`
    generator: Mapped[str | None]
    notice: Mapped[str | None] = mapped_column(Text)
    search_ms: Mapped[float | None]
    first_token_ms: Mapped[int | None]
    response_time_ms: Mapped[int | None]
    agent_version: Mapped[str | None]
    feedback: Mapped[str | None]  # a `Feedback`
    feedback_comment: Mapped[str | None] = mapped_column(Text)
    feedback_at: Mapped[datetime | None]
