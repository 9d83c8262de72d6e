"""An appointment as a calendar takes it: iCalendar (RFC 5545), sent as iTIP says (RFC 5546)."""

import re
from dataclasses import dataclass

from icalendar import Calendar, Event, vCalAddress, vText

from core.clock import utc_now
from core.visible import one_line
from domain.models import Appointment
from domain.models import AppointmentStatus as S

_STATUS = {
    S.SCHEDULED: "TENTATIVE", S.RESCHEDULED: "TENTATIVE", S.CONFIRMED: "CONFIRMED", S.COMPLETED: "CONFIRMED",
    S.NO_SHOW: "CONFIRMED", S.CANCELLED: "CANCELLED",
}  # fmt: skip
# no part of a TEXT (§3.3.11), or a line break to some readers
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Organizer:
    """Who invites."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Invitation:
    method: str  # REQUEST, or CANCEL for one that is called off
    filename: str
    content: bytes


def invitation(row: Appointment, organizer: Organizer) -> Invitation:
    """The library folds lines and escapes line breaks, so that no text becomes a line of its own."""
    method = "CANCEL" if row.status == S.CANCELLED else "REQUEST"
    calendar = Calendar()
    calendar.add("prodid", "-//Insydr//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(_event(row, organizer))
    return Invitation(method, f"{row.id}.ics", calendar.to_ical())


def _event(row: Appointment, organizer: Organizer) -> Event:
    event = Event()
    event.add("uid", f"{row.id}@insydr")
    event.add("dtstamp", utc_now())
    event.add("created", row.created_at)
    event.add("last-modified", row.updated_at)
    event.add("dtstart", row.starts_at)
    event.add("dtend", row.ends_at)
    event.add("summary", one_line(row.title or row.service_type or f"Appointment with {organizer.name}"))
    if description := _description(row):
        event.add("description", description)
    event.add("status", _STATUS[S(row.status)])
    event.add("sequence", row.sequence)
    event.add("organizer", _person(organizer.address, organizer.name))
    if row.customer_email:
        event.add("attendee", _person(row.customer_email, row.customer_name, ROLE="REQ-PARTICIPANT", RSVP="TRUE"))
    return event


def _description(row: Appointment) -> str:
    service = one_line(row.service_type) if row.service_type and row.title else None
    meeting = f"Meeting: {row.meeting_type.replace('_', ' ')}" if row.meeting_type else None
    notes = _CONTROLS.sub("", row.notes.replace("\r\n", "\n").replace("\r", "\n")) if row.notes else None
    return "\n".join(part for part in (service, meeting, notes) if part)


def _person(address: str, name: str | None, **parameters: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    for key, value in {"CN": one_line(name) if name else "", **parameters}.items():
        if value:
            person.params[key] = vText(value)
    return person
