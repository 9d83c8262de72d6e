"""Reminders that are due are sent: by text message or mail, as if the workspace wrote them."""

from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.errors import InsydrError, Unprocessable
from core.visible import one_line
from domain.appointments import repository
from domain.appointments.repository import Due
from domain.models import ReminderChannel
from domain.principal import Permission, system

PAGE = 50  # reminders of one transaction
ROUNDS = 40  # of one pass, so that its process can stop


def remind(database: Database) -> int:
    """All that are due; how many that was.

    A reminder and what it became are one transaction, so that a process that dies has either sent it or not.
    """
    sent = 0
    for _ in range(ROUNDS):
        with database.read() as session:
            if not repository.is_due(session, utc_now()):
                break
        with database.write() as session:
            some = repository.due(session, utc_now(), PAGE)
            for one in some:
                _try(session, one)
        sent += len(some)
        if len(some) < PAGE:  # the rest is in other hands
            break
    return sent


def _try(session: Session, one: Due) -> None:
    """What cannot be sent now could not be later either: it says why, and is not tried again."""
    try:
        with session.begin_nested():  # of what fails nothing stays
            _send(session, one)
    except InsydrError as error:
        one.reminder.error = error.message
    one.reminder.sent_at = utc_now()


def _send(session: Session, one: Due) -> None:
    appointment = one.appointment
    if appointment.starts_at <= utc_now():
        raise Unprocessable("The appointment had begun before the reminder could be sent.", code="REMINDER_LATE")
    if one.reminder.channel == ReminderChannel.SMS:
        _text(session, one, appointment.customer_phone)
    else:
        _mail(session, one, appointment.customer_email)


def _text(session: Session, one: Due, number: str | None) -> None:
    from domain.texting.service import NewText, TextService

    if number is None:
        raise Unprocessable("The appointment has no phone number to send it to.", code="REMINDER_NO_CONTACT")
    who = system(one.appointment.workspace_id, Permission.SMS_WRITE)
    TextService(session, who).send(NewText(to=number, body=sentence(one)))


def _mail(session: Session, one: Due, address: str | None) -> None:
    from domain.emails.service import EmailService, NewEmail

    if address is None:
        raise Unprocessable("The appointment has no email address to send it to.", code="REMINDER_NO_CONTACT")
    who = system(one.appointment.workspace_id, Permission.EMAILS_WRITE)
    subject = one_line(f"Reminder: {_what(one)}, {_when(one)}")
    EmailService(session, who).send(NewEmail(to=[address], subject=subject, body=_letter(one)))


def sentence(one: Due) -> str:
    return one_line(f"Reminder from {one.workspace}: {_what(one)}, {_when(one)}.")


def _letter(one: Due) -> str:
    name = one.appointment.customer_name
    return "\n".join([
        f"Hello {one_line(name)}," if name else "Hello,", "", "this is a reminder of your appointment:", "",
        one_line(_what(one)), _when(one), "", one.workspace,
    ])  # fmt: skip


def _what(one: Due) -> str:
    return one.appointment.title or one.appointment.service_type or "your appointment"


def _when(one: Due) -> str:
    """In the appointment's zone, with its name: `Monday, 1 March 2027, 10:00 (Europe/Berlin)`."""
    here = one.appointment.starts_at.astimezone(ZoneInfo(one.appointment.timezone))
    return f"{here:%A}, {here.day} {here:%B %Y, %H:%M} ({one.appointment.timezone})"
