"""Who carries mails out. Today the sandbox, which plays what a provider would report."""

from typing import Protocol

from core.database import Database
from domain.front_office.service import settings_of
from domain.models import Email
from domain.principal import system
from domain.sandbox.stage import SANDBOX, of_message, plan


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
            plan(session, mail.workspace_id, mail.id, of_message(mail.script, pace))
