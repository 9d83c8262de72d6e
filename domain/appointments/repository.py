"""Queries of appointments and their reminders."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from domain.appointments.states import TAKES_TIME
from domain.appointments.times import LONGEST
from domain.models import Appointment, AppointmentReminder, Workspace
from domain.scope import TenantRepository


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list. A plain day is one of the workspace's zone, `until` then the last one of them; a moment
    `until` is the first that is not wanted. `contact` is a lead, or what the client calls its customer."""

    status: str | None = None
    since: datetime | date | None = None
    until: datetime | date | None = None
    staff_id: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder that is to be sent now, and of what."""

    reminder: AppointmentReminder
    appointment: Appointment
    workspace: str  # its name


class AppointmentRepository(TenantRepository):
    def get(self, appointment_id: str, *, lock: bool = False) -> Appointment | None:
        query = self.select(Appointment).where(Appointment.id == appointment_id)
        return self.session.scalar(query.with_for_update(key_share=True) if lock else query)

    def page(
        self, wanted: Wanted, since: datetime | None, until: datetime | None, limit: int, offset: int
    ) -> tuple[list[Appointment], int]:
        """The earliest first, and how many there are; `since` and `until` as moments."""
        query = self.select(Appointment).where(*_told(wanted, since, until))
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        ordered = query.order_by(Appointment.starts_at, Appointment.id)
        return list(self.session.scalars(ordered.limit(limit).offset(offset))), total

    def taken(self, row: Appointment) -> Appointment | None:
        """Another one that takes time of the same staff; they may touch."""
        query = self.select(Appointment).where(
            Appointment.staff_id == row.staff_id, Appointment.id != row.id, Appointment.status.in_(sorted(TAKES_TIME)),
            Appointment.starts_at < row.ends_at, Appointment.ends_at > row.starts_at,
            Appointment.starts_at > row.starts_at - LONGEST,  # follows from the others; it bounds the index
        )  # fmt: skip
        return self.session.scalar(query.order_by(Appointment.starts_at).limit(1))

    def reminders(self, appointment_id: str) -> list[AppointmentReminder]:
        query = self.select(AppointmentReminder).where(AppointmentReminder.appointment_id == appointment_id)
        return list(self.session.scalars(query))

    def workspace(self) -> Workspace:
        return self.session.get_one(Workspace, self.who.workspace_id)


def due(session: Session, now: datetime, limit: int) -> list[Due]:
    """The earliest first, of every workspace; those left out that are being sent or whose appointment is being changed.

    The appointment is locked, too, as whoever changes it does first: so neither waits for what the other has.
    """
    query = select(AppointmentReminder, Appointment, Workspace.name).where(_due(now))
    ordered = query.order_by(AppointmentReminder.due_at, AppointmentReminder.appointment_id).limit(limit)
    locked = ordered.with_for_update(of=(AppointmentReminder, Appointment), key_share=True, skip_locked=True)
    return [Due(*row) for row in session.execute(locked)]


def is_due(session: Session, now: datetime) -> bool:
    """Whether anything is: asked often, and without a writer's lock."""
    return session.scalar(select(AppointmentReminder.appointment_id).where(_due(now)).limit(1)) is not None


def _told(wanted: Wanted, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, value in ((Appointment.status, wanted.status), (Appointment.staff_id, wanted.staff_id)):
        if value is not None:
            found.append(column == value)
    if wanted.contact is not None:
        found.append(or_(Appointment.lead_id == wanted.contact, Appointment.contact_ref == wanted.contact))
    if since is not None:
        found.append(Appointment.starts_at >= since)
    if until is not None:
        found.append(Appointment.starts_at < until)
    return found


def _due(now: datetime) -> ColumnElement[bool]:
    """Of a reminder joined to its appointment and workspace."""
    return and_(
        AppointmentReminder.appointment_id == Appointment.id, Appointment.workspace_id == Workspace.id,
        Workspace.deleted_at.is_(None), AppointmentReminder.sent_at.is_(None), AppointmentReminder.due_at <= now,
    )  # fmt: skip
