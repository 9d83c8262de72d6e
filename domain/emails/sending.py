"""Mails on their way out: handed to their carrier, who may be handed one twice."""

from collections.abc import Mapping

from core.database import Database
from domain.emails import repository
from domain.emails.carrier import MailCarrier, SandboxCarrier
from domain.models import EmailStatus


def carriers(database: Database) -> Mapping[str, MailCarrier]:
    """By the name that a mail has as its `provider`."""
    found: list[MailCarrier] = [SandboxCarrier(database)]
    return {one.name: one for one in found}


def send_queued(database: Database, email_id: str) -> None:
    """Nothing where it has left already, or is gone."""
    with database.read() as session:
        row = repository.by_id(session, email_id, lock=False)
    if row is not None and row.status == EmailStatus.QUEUED:
        carriers(database)[row.provider].send(row)
