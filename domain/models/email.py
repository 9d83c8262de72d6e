"""Mails that the front office sends and gets, by threads."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy


class EmailStatus(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    RECEIVED = "received"


class EmailPriority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Email(Created, Base):
    """`message_id` and `references` are the header's (RFC 5322 §3.6.4); attachments name files in the blob store."""

    __tablename__ = "emails"
    __table_args__ = (
        Index("ix_emails_recent", "workspace_id", "created_at"),
        Index("ix_emails_thread", "workspace_id", "thread_id"),
        Index("uq_emails_message", "workspace_id", "message_id", unique=True),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    lead_id: Mapped[str | None] = mapped_column(Id, index=True)
    thread_id: Mapped[str] = mapped_column(Id)
    direction: Mapped[str]  # a `Direction`
    sender: Mapped[str]
    recipients: Mapped[list[Any]]
    copies: Mapped[list[Any]] = mapped_column(default=list)  # cc
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str | None] = mapped_column(Text)  # sanitised
    attachments: Mapped[list[Any]] = mapped_column(default=list)  # [{id, filename, content_type, bytes}]
    priority: Mapped[str] = mapped_column(default=EmailPriority.NORMAL)
    status: Mapped[str]  # an `EmailStatus`
    error: Mapped[str | None] = mapped_column(Text)
    provider: Mapped[str]
    message_id: Mapped[str]
    references: Mapped[list[Any]] = mapped_column(default=list)
    sequence: Mapped[int] = mapped_column(default=0)
    script: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how the sandbox is to play it
    sent_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)  # never before created_at
