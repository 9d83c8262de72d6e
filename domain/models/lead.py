"""Leads: people who may become customers, and what became of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy


class LeadSource(StrEnum):
    WEB = "web"
    CALL = "call"
    SMS = "sms"
    EMAIL = "email"
    REFERRAL = "referral"
    OTHER = "other"


class LeadStage(StrEnum):
    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    BOOKED = "booked"
    WON = "won"
    LOST = "lost"


class Lead(Created, Base):
    """A person, known by `email_key` and `phone_key`: the address and the number in normal form. Nobody is twice in a
    workspace."""

    __tablename__ = "leads"
    __table_args__ = (
        Index("uq_leads_email", "workspace_id", "email_key", unique=True),
        Index("uq_leads_phone", "workspace_id", "phone_key", unique=True),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    email_key: Mapped[str | None]
    phone: Mapped[str | None]
    phone_key: Mapped[str | None]
    company: Mapped[str | None]
    source: Mapped[str]  # a `LeadSource`
    stage: Mapped[str]  # a `LeadStage`
    score: Mapped[int | None]  # 0 to 100
    tags: Mapped[list[Any]] = mapped_column(default=list)
    notes: Mapped[str | None] = mapped_column(Text)
    tasks: Mapped[list[Any]] = mapped_column(default=list)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    assigned_to: Mapped[str | None]
    conversation_id: Mapped[str | None] = mapped_column(Id)  # where they left their address
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)  # never before created_at


class LeadChange(Created, Base):
    """What was changed of a lead, and by whom; it goes with the lead."""

    __tablename__ = "lead_changes"
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    lead_id: Mapped[str] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    changed_by: Mapped[str | None] = mapped_column(Id)  # a user; None where it happened by itself
    key_id: Mapped[str | None] = mapped_column(Id)
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
