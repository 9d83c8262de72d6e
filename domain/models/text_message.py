"""Text messages, in and out, and who wants none."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy

WAITING_ONLY = text("status = 'queued' AND send_after IS NOT NULL")


class SmsStatus(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    RECEIVED = "received"


class TextMessage(Created, Base):
    """`conversation_id` is the thread of two numbers; `send_after` is when quiet hours end for one that waits."""

    __tablename__ = "sms_messages"
    __table_args__ = (
        Index("ix_sms_messages_recent", "workspace_id", "created_at"),
        Index("ix_sms_messages_thread", "workspace_id", "conversation_id"),
        Index("ix_sms_messages_waiting", "send_after", postgresql_where=WAITING_ONLY, sqlite_where=WAITING_ONLY),
        Index("uq_sms_messages_provider", "workspace_id", "provider", "provider_message_id", unique=True),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    lead_id: Mapped[str | None] = mapped_column(Id, index=True)
    conversation_id: Mapped[str] = mapped_column(Id)
    direction: Mapped[str]  # a `Direction`
    from_number: Mapped[str]
    to_number: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    media_urls: Mapped[list[Any]] = mapped_column(default=list)
    status: Mapped[str]  # an `SmsStatus`
    error: Mapped[str | None] = mapped_column(Text)
    provider: Mapped[str]
    provider_message_id: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(default=0)
    script: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how the sandbox is to play it
    send_after: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)  # never before created_at


class SmsOptOut(Created, Base):
    """A number that wants no messages from the workspace; `word` is how it said so."""

    __tablename__ = "sms_opt_outs"
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[str] = mapped_column(Id, primary_key=True)
    is_out: Mapped[bool]  # else it asked to be written to
    word: Mapped[str]
