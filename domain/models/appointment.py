"""Appointments, and who is reminded of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy

DUE_ONLY = text("sent_at IS NULL")


class AppointmentStatus(StrEnum):
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no-show"


class ReminderChannel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Appointment(Created, Base):
    """`contact_ref` is what the client named as the customer where that is no lead of ours; `sequence` is iCalendar's,
    which grows with each change of the time or the status (RFC 5545 §3.8.7.4)."""

    __tablename__ = "appointments"
    __table_args__ = (
        Index("ix_appointments_start", "workspace_id", "starts_at"),
        Index("ix_appointments_staff", "workspace_id", "staff_id", "starts_at"),
        Index("uq_appointments_external", "workspace_id", "external_id", unique=True),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    lead_id: Mapped[str | None] = mapped_column(Id, index=True)
    contact_ref: Mapped[str | None]
    customer_name: Mapped[str | None]
    customer_phone: Mapped[str | None]
    customer_email: Mapped[str | None]
    staff_id: Mapped[str | None]  # as the client names its people
    service_type: Mapped[str | None]
    title: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    timezone: Mapped[str]
    status: Mapped[str]  # an `AppointmentStatus`
    meeting_type: Mapped[str | None]
    notes: Mapped[str | None] = mapped_column(Text)
    reminders: Mapped[list[Any]] = mapped_column(default=list)  # [{channel, minutes_before}]
    call_id: Mapped[str | None] = mapped_column(Id)  # in which it was booked
    external_id: Mapped[str | None]  # of the calendar that it came from
    sequence: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)  # never before created_at


class AppointmentReminder(Base):
    """One that is due, or was sent; `error` says why it could not be."""

    __tablename__ = "appointment_reminders"
    __table_args__ = (
        Index("ix_appointment_reminders_due", "due_at", postgresql_where=DUE_ONLY, sqlite_where=DUE_ONLY),
    )
    tenancy = Tenancy.PARENT

    appointment_id: Mapped[str] = mapped_column(ForeignKey("appointments.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)  # a `ReminderChannel`
    minutes_before: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
