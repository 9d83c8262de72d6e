"""VoxForge: appointments."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field

from api.fields import CamelInput, CamelOutput, Clock, FromText, Limit, Name, Offset, ShortText, Text
from api.principal import KeyWho
from api.spans import StartsFrom, StartsUntil
from api.state import State
from api.voxforge.surface import VOXFORGE
from domain.appointments.booking import AppointmentChange, MeetingType, NewAppointment
from domain.appointments.repository import Wanted
from domain.appointments.service import AppointmentService
from domain.changes import change_of
from domain.models import Appointment, AppointmentStatus

router = VOXFORGE.router("/api/v1/appointments", tag="Appointments")
AppointmentId = Annotated[str, Path(alias="appointmentId")]


class WireStatus(StrEnum):
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"

    @property
    def domain(self) -> AppointmentStatus:
        return AppointmentStatus[self.name]


def _as_here(value: Any) -> Any:
    """FrontDesk writes it with a hyphen."""
    return "no_show" if value == AppointmentStatus.NO_SHOW else value


Status = Annotated[WireStatus, FromText, BeforeValidator(_as_here)]
_CLOCK = "With an offset a moment; without one, what clocks in `timezone` show."
_START = Field(validation_alias=AliasChoices("startTime", "start"), description=_CLOCK)
_START_OR_NOT = Field(None, validation_alias=AliasChoices("startTime", "start"), description=_CLOCK)
_CONTACT = "A lead; any other id is kept as your own reference."


class AppointmentFields(CamelInput):
    contact: Name | None = Field(None, validation_alias=AliasChoices("contactId", "leadId"), description=_CONTACT)
    end: Clock | None = Field(
        None, validation_alias=AliasChoices("endTime", "end"), description="As startTime; else duration says it."
    )
    duration: Annotated[int, Field(ge=1, le=1_440)] | None = Field(
        None, description="Minutes, in place of an endTime; 30 where neither is given."
    )
    timezone: ShortText | None = Field(None, description="IANA name; the workspace's by default.")
    title: Name | None = None
    notes: Annotated[Text, Field(max_length=20_000)] | None = None
    meeting_type: Annotated[MeetingType, FromText] | None = None
    customer_name: Name | None = Field(None, validation_alias=AliasChoices("attendeeName", "customerName"))
    customer_email: ShortText | None = Field(None, validation_alias=AliasChoices("attendeeEmail", "customerEmail"))
    customer_phone: Name | None = Field(None, validation_alias=AliasChoices("attendeePhone", "customerPhone"))
    staff_id: Name | None = Field(None, description="Nobody has two appointments at once.")
    status: Status | None = None

    def changes(self) -> dict[str, Any]:
        """What was given, by the domain's names."""
        return self.given() | ({"status": self.status.domain} if self.status else {})


class AppointmentIn(AppointmentFields):
    start: Clock = _START
    status: Status = WireStatus.SCHEDULED


class AppointmentPatch(AppointmentFields):
    start: Clock | None = _START_OR_NOT


class AppointmentOut(CamelOutput):
    id: str
    contact_id: str | None = Field(description="As you named the contact; else the lead.")
    start_time: datetime
    end_time: datetime
    duration: int = Field(description="Minutes.")
    timezone: str
    title: str | None
    notes: str | None
    status: WireStatus
    meeting_type: MeetingType | None
    attendee_name: str | None
    attendee_email: str | None
    attendee_phone: str | None = Field(description="E.164.")
    staff_id: str | None
    call_id: str | None = Field(description="In which it was booked.")
    created_at: datetime
    updated_at: datetime


class AppointmentList(BaseModel):
    appointments: list[AppointmentOut]
    total: int
    limit: int
    offset: int


def _wanted(
    status: Annotated[Status | None, Query()] = None,
    since: StartsFrom = None,
    until: StartsUntil = None,
    contact: Annotated[str | None, Query(alias="contactId", max_length=200)] = None,
) -> Wanted:
    return Wanted(status.domain if status else None, since, until, None, contact)


def _out(row: Appointment) -> AppointmentOut:
    same = AppointmentOut.model_fields.keys() & set(Appointment.__mapper__.columns.keys()) - {"status"}
    return AppointmentOut(
        **{name: getattr(row, name) for name in same},
        contact_id=row.contact_ref or row.lead_id, status=WireStatus[AppointmentStatus(row.status).name],
        start_time=row.starts_at, end_time=row.ends_at,
        duration=round((row.ends_at - row.starts_at).total_seconds() / 60), attendee_name=row.customer_name,
        attendee_email=row.customer_email, attendee_phone=row.customer_phone,
    )  # fmt: skip


@router.get("")
def page(
    who: KeyWho, state: State, wanted: Annotated[Wanted, Depends(_wanted)], limit: Limit = 50, offset: Offset = 0
) -> AppointmentList:
    """The earliest first."""
    with state.database.read() as session:
        rows, total = AppointmentService(session, who).page(wanted, limit, offset)
    return AppointmentList(appointments=[_out(row) for row in rows], total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
def create(body: AppointmentIn, who: KeyWho, state: State) -> AppointmentOut:
    with state.database.write() as session:
        return _out(AppointmentService(session, who).create(change_of(NewAppointment, body.changes())))


@router.get("/{appointmentId}")
def get(appointment_id: AppointmentId, who: KeyWho, state: State) -> AppointmentOut:
    with state.database.read() as session:
        return _out(AppointmentService(session, who).get(appointment_id))


@router.patch("/{appointmentId}")
def update(appointment_id: AppointmentId, body: AppointmentPatch, who: KeyWho, state: State) -> AppointmentOut:
    """What is given replaces what there is. Another time makes it rescheduled."""
    change = change_of(AppointmentChange, body.changes())
    with state.database.write() as session:
        return _out(AppointmentService(session, who).change(appointment_id, change))
