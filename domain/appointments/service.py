"""Appointments: booked, moved, ended; nobody of the staff has two at once."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict, NotFound
from core.ids import Prefix, new_id
from domain.appointments.booking import AppointmentChange, NewAppointment
from domain.appointments.customers import Customer, Customers
from domain.appointments.invitation import Invitation, Organizer, invitation
from domain.appointments.reminders import arrange
from domain.appointments.repository import AppointmentRepository, Wanted
from domain.appointments.states import TAKES_TIME, after_moving, checked_move
from domain.appointments.times import USUAL, ending, span_text
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import done
from domain.changes import UNSET, changed
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.front_office.days import bounds, moment
from domain.front_office.service import settings_of, zone_of
from domain.front_office.settings import Reminder
from domain.models import Appointment, AppointmentStatus
from domain.principal import Permission, Principal
from domain.workspaces.repository import WorkspaceRepository
from domain.workspaces.service import checked_timezone

_AS_GIVEN = ("staff_id", "service_type", "title", "meeting_type", "notes")


class AppointmentService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = AppointmentRepository(session, who)
        self._customers = Customers(session, who)

    def create(self, new: NewAppointment) -> Appointment:
        """Raises `Conflict` where the staff has another at that time, `InvalidInput` for what cannot be."""
        self._who.require(Permission.APPOINTMENTS_WRITE)
        self._lock()
        row = self._new(new)
        self._refuse_taken(row)
        self._session.add(row)
        self._session.flush()
        arrange(self._session, self._who, row)
        record(self._session, Event(EventType.APPOINTMENT_BOOKED, row.workspace_id, {"appointment_id": row.id}))
        done(self._session, self._who, Action.APPOINTMENT_BOOKED, row)
        return row

    def get(self, appointment_id: str) -> Appointment:
        self._who.require(Permission.APPOINTMENTS_READ)
        return self._existing(appointment_id)

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Appointment], int]:
        """Raises `InvalidInput` where `since` and `until` enclose nothing."""
        self._who.require(Permission.APPOINTMENTS_READ)
        since, until = bounds(wanted.since, wanted.until, zone_of(self._session, self._who))
        return self._rows.page(wanted, since, until, limit, offset)

    def invitation(self, appointment_id: str) -> Invitation:
        """For the customer's calendar."""
        self._who.require(Permission.APPOINTMENTS_READ)
        row = self._existing(appointment_id)
        address = settings_of(self._session, self._who).address
        return invitation(row, Organizer(self._rows.workspace().name, address))

    def change(self, appointment_id: str, change: AppointmentChange) -> Appointment:
        """Raises `Conflict` where its status forbids it or the staff has another at that time."""
        self._who.require(Permission.APPOINTMENTS_WRITE)
        row = self._existing(appointment_id, lock=True)
        self._lock()
        before = facts(row)
        _put(row, self._customers.of_changed(row, change))
        for name in _AS_GIVEN:
            setattr(row, name, changed(getattr(change, name), getattr(row, name)))
        if change.reminders is not UNSET:
            row.reminders = _kept(change.reminders)
        self._move(row, change)
        if facts(row) != before:
            self._refuse_taken(row)
            arrange(self._session, self._who, row)
            row.updated_at = utc_now()
            done(self._session, self._who, Action.APPOINTMENT_UPDATED, row)
        return row

    def _new(self, new: NewAppointment) -> Appointment:
        name = checked_timezone(new.timezone) if new.timezone is not None else zone_of(self._session, self._who).key
        zone = ZoneInfo(name)
        starts = moment(new.start, zone, "start")
        ends = moment(new.end, zone, "end") if new.end else None
        reminders = settings_of(self._session, self._who).reminders if new.reminders is None else new.reminders
        row = Appointment(
            id=new_id(Prefix.APPOINTMENT), workspace_id=self._who.workspace_id, timezone=name, starts_at=starts,
            ends_at=ending(starts, ends, new.duration, USUAL), status=new.status, reminders=_kept(reminders),
            call_id=new.call_id, external_id=new.external_id, **{one: getattr(new, one) for one in _AS_GIVEN},
        )  # fmt: skip
        _put(row, self._customers.of_new(new))
        return row

    def _move(self, row: Appointment, change: AppointmentChange) -> None:
        """Its time and its status."""
        was = (row.starts_at, row.ends_at, row.status)
        row.timezone = row.timezone if change.timezone is UNSET else checked_timezone(change.timezone)
        zone = ZoneInfo(row.timezone)
        starts = row.starts_at if change.start is UNSET else moment(change.start, zone, "start")
        ends = None if change.end is UNSET else moment(change.end, zone, "end")
        ends = ending(starts, ends, changed(change.duration, None), row.ends_at - row.starts_at)
        status = AppointmentStatus(row.status)
        if (starts, ends) != (row.starts_at, row.ends_at):
            status = after_moving(status)
        row.status = checked_move(AppointmentStatus(row.status), changed(change.status, status))
        row.starts_at, row.ends_at = starts, ends
        row.sequence += (row.starts_at, row.ends_at, row.status) != was

    def _lock(self) -> None:
        """Until the transaction ends nobody else books in this workspace, nor makes a lead by booking."""
        WorkspaceRepository(self._session).lock(self._who.workspace_id)

    def _refuse_taken(self, row: Appointment) -> None:
        if row.staff_id is None or row.status not in TAKES_TIME:
            return
        other = self._rows.taken(row)
        if other is not None:
            raise Conflict(
                f"{row.staff_id} has another appointment, {other.id}, {span_text(other.starts_at, other.ends_at)}. "
                "Choose another time or somebody else.",
                code="APPOINTMENT_CONFLICT", field="start", details={"id": other.id},
            )  # fmt: skip

    def _existing(self, appointment_id: str, *, lock: bool = False) -> Appointment:
        row = self._rows.get(appointment_id, lock=lock)
        if row is None:
            raise NotFound("There is no such appointment in this workspace.", code="APPOINTMENT_NOT_FOUND")
        return row


def _put(row: Appointment, customer: Customer) -> None:
    for name in Customer.__slots__:
        setattr(row, name, getattr(customer, name))


def _kept(reminders: list[Reminder]) -> list[Any]:
    """As JSON, none twice."""
    unique = {(one.channel, one.minutes_before): one for one in reminders}
    return [one.model_dump(mode="json") for one in unique.values()]
