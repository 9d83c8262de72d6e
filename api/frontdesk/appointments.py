"""FrontDesk 3.3: appointments."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response
from pydantic import AliasChoices, BaseModel, Field

from api.fields import CamelInput, CamelOutput, Clock, FromText, Limit, Name, Offset, ShortText, Text
from api.frontdesk.surface import FRONTDESK
from api.principal import KeyWho
from api.spans import StartsFrom, StartsUntil
from api.state import State
from domain.appointments.booking import AppointmentChange, MeetingType, NewAppointment
from domain.appointments.repository import Wanted
from domain.appointments.service import AppointmentService
from domain.changes import change_of
from domain.front_office.settings import Reminder
from domain.models import Appointment, AppointmentStatus, ReminderChannel

router = FRONTDESK.router("/api/appointments", tag="Appointments")
_ICS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/calendar": {"schema": {"type": "string"}}}, "description": "iCalendar (RFC 5545)."}
}


AppointmentId = Annotated[str, Path(alias="appointmentId")]
Minutes = Annotated[int, Field(ge=1, le=1_440)]
Notes = Annotated[Text, Field(max_length=20_000)]
_CLOCK = "With an offset a moment; without one, what clocks in `timezone` show."
_START = Field(validation_alias=AliasChoices("start", "startTime"), description=_CLOCK)
_START_OR_NOT = Field(None, validation_alias=AliasChoices("start", "startTime"), description=_CLOCK)
_END = Field(None, validation_alias=AliasChoices("end", "endTime"), description="As start; else duration says it.")
_CUSTOMER = Field(
    None,
    validation_alias=AliasChoices("customerId", "leadId", "contactId"),
    description="A lead; any other id is kept as your own reference.",
)


class ReminderIn(CamelInput):
    channel: Annotated[ReminderChannel, FromText]
    minutes_before: int = Field(ge=1, le=43_200)


Reminders = Annotated[list[ReminderIn], Field(max_length=10)]


class AppointmentFields(CamelInput):
    contact: Name | None = _CUSTOMER
    customer_name: Name | None = None
    customer_phone: Name | None = None
    customer_email: ShortText | None = None
    staff_id: Name | None = Field(None, description="Nobody has two appointments at once.")
    service_type: Name | None = None
    title: Name | None = None
    end: Clock | None = _END
    duration: Minutes | None = Field(None, description="Minutes, in place of an end; 30 where neither is given.")
    timezone: ShortText | None = Field(None, description="IANA name; the workspace's by default.")
    meeting_type: Annotated[MeetingType, FromText] | None = None
    notes: Notes | None = None
    reminders: Reminders | None = Field(None, description="The front office's own where none are given.")

    def changes(self) -> dict[str, Any]:
        """What was given, by the domain's names."""
        given = self.given()
        if self.reminders is not None:
            given["reminders"] = [Reminder.model_validate(one.model_dump()) for one in self.reminders]
        return given


class AppointmentIn(AppointmentFields):
    start: Clock = _START
    status: Annotated[AppointmentStatus, FromText] = AppointmentStatus.SCHEDULED


class AppointmentPut(AppointmentFields):
    start: Clock | None = _START_OR_NOT
    status: Annotated[AppointmentStatus, FromText] | None = None


class ReminderOut(CamelOutput):
    channel: ReminderChannel
    minutes_before: int


class AppointmentOut(CamelOutput):
    id: str
    customer_id: str | None = Field(description="As you named the customer; else the lead.")
    lead_id: str | None = Field(description="The lead, as far as the customer is one.")
    customer_name: str | None
    customer_phone: str | None = Field(description="E.164.")
    customer_email: str | None
    staff_id: str | None
    service_type: str | None
    title: str | None
    start: datetime = Field(validation_alias="starts_at")
    end: datetime = Field(validation_alias="ends_at")
    timezone: str
    status: AppointmentStatus
    meeting_type: MeetingType | None
    notes: str | None
    reminders: list[ReminderOut]
    call_id: str | None = Field(description="In which it was booked.")
    created_at: datetime
    updated_at: datetime


class AppointmentList(BaseModel):
    appointments: list[AppointmentOut]
    total: int
    limit: int
    offset: int


def _wanted(
    status: AppointmentStatus | None = None,
    since: StartsFrom = None,
    until: StartsUntil = None,
    staff_id: Annotated[str | None, Query(alias="staffId", max_length=200)] = None,
    contact: Annotated[str | None, Query(alias="customerId", max_length=200)] = None,
) -> Wanted:
    return Wanted(status, since, until, staff_id, contact)


def _out(row: Appointment) -> AppointmentOut:
    own = {name: getattr(row, name) for name in AppointmentOut.model_fields.keys() - {"customer_id", "start", "end"}}
    return AppointmentOut(**own, customer_id=row.contact_ref or row.lead_id, start=row.starts_at, end=row.ends_at)


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
    """Whoever comes becomes a lead by their address or number, or is the one that they were."""
    with state.database.write() as session:
        row = AppointmentService(session, who).create(change_of(NewAppointment, body.changes()))
    return _out(row)


@router.get("/{appointmentId}")
def get(appointment_id: AppointmentId, who: KeyWho, state: State) -> AppointmentOut:
    with state.database.read() as session:
        return _out(AppointmentService(session, who).get(appointment_id))


@router.put("/{appointmentId}")
def update(appointment_id: AppointmentId, body: AppointmentPut, who: KeyWho, state: State) -> AppointmentOut:
    """What is given replaces what there is; what is left out stays, null clears. Another time makes it rescheduled."""
    with state.database.write() as session:
        row = AppointmentService(session, who).change(appointment_id, change_of(AppointmentChange, body.changes()))
    return _out(row)


@router.get("/{appointmentId}/ics", response_class=Response, responses=_ICS)
def calendar_file(appointment_id: AppointmentId, who: KeyWho, state: State) -> Response:
    """For a calendar: an invitation, or the cancellation of one."""
    with state.database.read() as session:
        made = AppointmentService(session, who).invitation(appointment_id)
    headers = {"Content-Disposition": f'attachment; filename="{made.filename}"', "Cache-Control": "no-store"}
    return Response(made.content, headers=headers, media_type=f"text/calendar; charset=utf-8; method={made.method}")
