"""Who carries mails out. Today the sandbox, which plays what a provider would report."""

from typing import Protocol

from core.database import Database
from domain.front_office.service import settings_of
from domain.models import Email, EmailStatus
from domain.principal import system
from domain.sandbox.stage import SANDBOX, Planned, plan


class MailCarrier(Protocol):
    """`send` is called outside any transaction, and may be called twice for one mail: its `message_id` says that it is
    the same. What became of it comes as reports (`domain.emails.reports`). Raises `Unavailable` for a try later."""

    @property
    def name(self) -> str: ...

    def send(self, mail: Email) -> None: ...


class SandboxCarrier:
    """Nothing leaves the installation."""

    name = SANDBOX

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(self, mail: Email) -> None:
        with self._database.write() as session:
            pace = settings_of(session, system(mail.workspace_id)).sandbox.message_s
            plan(session, mail.workspace_id, mail.id, _played(mail, pace))


def _played(mail: Email, pace: float) -> list[Planned]:
    """Sent after the pace, its outcome after it once more."""
    after_s = float(mail.script.get("delay_s", pace))
    outcome = str(mail.script.get("outcome", EmailStatus.DELIVERED.value))
    error = {"error": f"The sandbox was told to: {outcome}."} if outcome != EmailStatus.DELIVERED else {}
    last = Planned(2 * after_s, {"status": outcome, **error})
    return [last] if outcome == EmailStatus.FAILED else [Planned(after_s, {"status": EmailStatus.SENT.value}), last]
