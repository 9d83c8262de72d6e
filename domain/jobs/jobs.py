"""What is left to do when a job of many documents was cancelled."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Queue
from core.queue.outbox import Again, enqueue
from domain.documents.endings import stop_page
from domain.ingestion import jobs as ingestion

if TYPE_CHECKING:
    from domain.job_context import JobContext

PAGES_A_TURN = 100


def _cancel(on: "JobContext", job_id: str) -> Again | None:
    """A page a transaction: others write between them."""
    for _ in range(PAGES_A_TURN):
        with on.database.write() as session:
            if not stop_page(session, job_id):
                enqueue(session, ingestion.INGEST_WAKE)  # workers that found nothing but these at the head of the queue
                return None
    return Again(0.0)


CANCEL_JOB = JobType("jobs.cancel", Queue.UPKEEP, _cancel)
JOBS = (CANCEL_JOB,)
