"""Messages on their way out: handed to the provider, once."""

from core.clock import utc_now
from core.database import Database
from core.queue.outbox import enqueue
from domain.front_office.service import settings_of
from domain.models import SmsStatus
from domain.principal import system
from domain.sandbox.stage import of_message, plan
from domain.texting import repository
from domain.texting.jobs import SEND_TEXT

AT_ONCE = 100


def send_queued(database: Database, message_id: str) -> None:
    """Nothing where it has left already. The sandbox is all in one transaction, so it may be run twice."""
    with database.write() as session:
        row = repository.by_id(session, message_id)
        if row is None or row.status != SmsStatus.QUEUED or row.provider_message_id is not None:
            return
        row.provider_message_id = row.id
        pace = settings_of(session, system(row.workspace_id)).sandbox.message_s
        plan(session, row.workspace_id, row.id, of_message(row.script, pace))


def release(database: Database) -> None:
    """Those whose quiet hours are over, a page a transaction."""
    is_more = True
    while is_more:
        with database.write() as session:
            some = repository.waiting(session, utc_now(), AT_ONCE)
            for row in some:
                row.send_after = None
                enqueue(session, SEND_TEXT, message_id=row.id)
        is_more = len(some) == AT_ONCE
