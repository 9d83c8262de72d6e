"""Which reminders of an appointment are still to be sent, and when."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.appointments.repository import AppointmentRepository
from domain.appointments.states import TAKES_TIME
from domain.models import Appointment, AppointmentReminder
from domain.principal import Principal

Key = tuple[str, int]  # the channel, and how many minutes before


def arrange(session: Session, who: Principal, row: Appointment) -> None:
    """Bring the reminders in line with the appointment. Those that were sent stay, until it moves; none is made that
    would be late."""
    wanted = _wanted(row)
    for one in AppointmentRepository(session, who).reminders(row.id):
        due = wanted.pop((one.channel, one.minutes_before), None)
        if due == one.due_at:
            continue
        if due is not None and due > utc_now():  # who was reminded of Tuesday is reminded of Thursday, too
            one.due_at, one.sent_at, one.error = due, None, None
        elif one.sent_at is None:
            session.delete(one)
    for (channel, minutes), due in wanted.items():
        if due > utc_now():
            session.add(
                AppointmentReminder(
                    appointment_id=row.id, channel=channel, minutes_before=minutes, workspace_id=row.workspace_id,
                    due_at=due,
                )
            )  # fmt: skip


def _wanted(row: Appointment) -> dict[Key, datetime]:
    if row.status not in TAKES_TIME:
        return {}
    return {
        (one["channel"], one["minutes_before"]): row.starts_at - timedelta(minutes=one["minutes_before"])
        for one in row.reminders
    }
