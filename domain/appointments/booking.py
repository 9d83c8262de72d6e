"""What is asked for when an appointment is made or changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.changes import UNSET, Unset
from domain.front_office.settings import Reminder
from domain.models import AppointmentStatus


class MeetingType(StrEnum):
    PHONE = "phone"
    VIDEO = "video"
    IN_PERSON = "in_person"


@dataclass(frozen=True, slots=True)
class NewAppointment:
    """`start` and `end` without an offset are wall clock in `timezone`, by default the workspace's.

    `contact` is a lead, or whatever the client calls its customer. Without an `end` it lasts `duration` minutes;
    without `reminders` those of the front office's settings are sent.
    """

    start: datetime
    end: datetime | None = None
    duration: int | None = None
    timezone: str | None = None
    contact: str | None = None
    customer_name: str | None = None
    customer_phone: str | None = None
    customer_email: str | None = None
    staff_id: str | None = None
    service_type: str | None = None
    title: str | None = None
    status: AppointmentStatus = AppointmentStatus.SCHEDULED
    meeting_type: MeetingType | None = None
    notes: str | None = None
    reminders: list[Reminder] | None = None
    call_id: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class AppointmentChange:
    """What is given replaces what there is. A new `start` alone moves the end with it; a new `timezone` alone moves
    nothing."""

    start: datetime | Unset = UNSET
    end: datetime | Unset = UNSET
    duration: int | Unset = UNSET
    timezone: str | Unset = UNSET
    contact: str | Unset | None = UNSET
    customer_name: str | Unset | None = UNSET
    customer_phone: str | Unset | None = UNSET
    customer_email: str | Unset | None = UNSET
    staff_id: str | Unset | None = UNSET
    service_type: str | Unset | None = UNSET
    title: str | Unset | None = UNSET
    status: AppointmentStatus | Unset = UNSET
    meeting_type: MeetingType | Unset | None = UNSET
    notes: str | Unset | None = UNSET
    reminders: list[Reminder] | Unset = UNSET
