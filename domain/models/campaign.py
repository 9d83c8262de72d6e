"""Campaigns: many people to call, and how far each of them is."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy


class CampaignStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class CampaignEnd(StrEnum):
    """How one came to its end."""

    DONE = "done"  # nobody was left to call
    TIME = "time"  # its end had come
    ASKED = "asked"


class ContactStatus(StrEnum):
    PENDING = "pending"
    CALLING = "calling"
    CALLED = "called"  # and will be again
    COMPLETED = "completed"
    FAILED = "failed"
    DNC = "dnc"
    EXPIRED = "expired"  # the campaign's end came first


class Campaign(Created, Base):
    """`wake_at` is when there is next something to do for it: None, nothing. `dialled_calls` counts the calls of
    `dialled_day`, a day of its own zone."""

    __tablename__ = "campaigns"
    __table_args__ = (
        Index("ix_campaigns_recent", "workspace_id", "created_at"),
        Index(
            "ix_campaigns_wake",
            "wake_at",
            postgresql_where=text("wake_at IS NOT NULL"),
            sqlite_where=text("wake_at IS NOT NULL"),
        ),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    agent_id: Mapped[str] = mapped_column(Id)
    phone_number_id: Mapped[str | None]  # as the client names the number that calls
    status: Mapped[str]  # a `CampaignStatus`
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    timezone: Mapped[str]
    window_start: Mapped[str]
    window_end: Mapped[str]
    max_concurrent: Mapped[int]
    max_a_day: Mapped[int | None]
    retry_minutes: Mapped[list[Any]]
    retry_voicemail: Mapped[bool]
    script: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how the sandbox is to play its calls
    dialled_day: Mapped[str | None]
    dialled_calls: Mapped[int] = mapped_column(default=0)
    wake_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]  # a `CampaignEnd`
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)  # never before created_at


class CampaignContact(Created, Base):
    """Somebody to call. Who waits has `next_at`, which lies within the call window; who is called has `call_id` and a
    place among the campaign's calls at once until `leased_until`."""

    __tablename__ = "campaign_contacts"
    __table_args__ = (
        Index("uq_campaign_contacts_number", "campaign_id", "to_number", unique=True),
        Index("ix_campaign_contacts_listed", "campaign_id", "id"),
        Index("ix_campaign_contacts_status", "campaign_id", "status", "id"),
        Index(
            "ix_campaign_contacts_next",
            "campaign_id",
            "next_at",
            "id",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
    )
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    workspace_id: Mapped[str] = mapped_column(Id)
    lead_id: Mapped[str | None] = mapped_column(Id)
    contact_ref: Mapped[str | None]  # as the client names them
    to_number: Mapped[str]  # E.164
    timezone: Mapped[str]  # by whose clocks they are called
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    company: Mapped[str | None]
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    script: Mapped[dict[str, Any]] = mapped_column(default=dict)  # over the campaign's
    status: Mapped[str] = mapped_column(default=ContactStatus.PENDING)
    reason: Mapped[str | None]  # a `CallReason` of the last call, or how the campaign ended
    calls: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)  # of those calls, in vain through no doing of theirs
    next_at: Mapped[datetime | None]
    call_id: Mapped[str | None] = mapped_column(Id)  # the last one
    called_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)

    @property
    def contact_id(self) -> str | None:
        """As the client named them; else the lead."""
        return self.contact_ref or self.lead_id


class DoNotCall(Created, Base):
    """A number that no agent calls."""

    __tablename__ = "do_not_call"
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[str] = mapped_column(Id, primary_key=True)  # E.164
    call_id: Mapped[str | None] = mapped_column(Id)  # in which they said so; None: somebody noted it
