"""What is forgotten of webhooks: those that were deleted, and the log after its time."""

from datetime import timedelta

from core.clock import utc_now
from core.database import Database
from core.queue.outbox import Again
from domain.webhooks.repository import remove_deliveries, remove_old, remove_webhook
from domain.webhooks.rules import LONGEST_DELAY_S
from domain.webhooks.sending_repository import never_later_than

PAGE = 500  # deliveries, with their attempts, that one transaction removes
PAGES = 20  # of one run of the job


def purge(database: Database, webhook_id: str) -> Again | None:
    """A deleted webhook with its log, some pages a run."""
    for _ in range(PAGES):
        with database.write() as session:
            if not remove_deliveries(session, webhook_id, PAGE):
                remove_webhook(session, webhook_id)
                return None
    return Again(0.0)


def forget_old(database: Database, days: int) -> None:
    """The log after `days`; and what the clock, put back, would let wait too long becomes due."""
    removed = True
    while removed:
        with database.write() as session:
            removed = remove_old(session, utc_now() - timedelta(days=days), PAGE)
    with database.write() as session:
        never_later_than(session, utc_now() + timedelta(seconds=2 * LONGEST_DELAY_S))
