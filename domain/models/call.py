"""Calls of agents, to people and from them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class CallStatus(StrEnum):
    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"


class CallReason(StrEnum):
    """Why a call failed."""

    NO_ANSWER = "no-answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    INVALID_NUMBER = "invalid-number"
    DO_NOT_CALL = "do-not-call"  # who was called wants no more calls
    CANCELED = "canceled"
    ERROR = "error"


class Sentiment(StrEnum):
    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Call(Created, Base):
    """`sequence` is that of the provider's latest report that was applied; `turns` is what was said, with what each
    answer of the agent rests on."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_recent", "workspace_id", "created_at"),
        Index("ix_calls_campaign", "workspace_id", "campaign_id"),
        Index("uq_calls_provider", "provider", "provider_call_id", unique=True),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[str | None] = mapped_column(Id, index=True)
    lead_id: Mapped[str | None] = mapped_column(Id, index=True)
    contact_ref: Mapped[str | None]  # as the client names them
    campaign_id: Mapped[str | None] = mapped_column(Id)
    phone_number_id: Mapped[str | None]  # as the client names the number that calls
    direction: Mapped[str]  # a `Direction`
    from_number: Mapped[str]
    to_number: Mapped[str]
    status: Mapped[str]  # a `CallStatus`
    reason: Mapped[str | None]  # a `CallReason`
    provider: Mapped[str]
    provider_call_id: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(default=0)
    script: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how the sandbox is to play it
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the client's own metadata
    conversation_id: Mapped[str | None] = mapped_column(Id)
    duration_s: Mapped[int | None]
    cost_cents: Mapped[int | None]
    recording_url: Mapped[str | None] = mapped_column(Text)
    turns: Mapped[list[Any]] = mapped_column(default=list)
    summary: Mapped[str | None] = mapped_column(Text)
    sentiment: Mapped[str | None]  # a `Sentiment`
    analysis: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]  # when it was taken up
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)  # never before created_at

    @property
    def contact_id(self) -> str | None:
        """As the client named them; else the lead."""
        return self.contact_ref or self.lead_id
