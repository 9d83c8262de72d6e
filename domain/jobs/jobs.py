"""What is left to do when a job of many documents was cancelled."""

from typing import TYPE_CHECKING

from core.queue import leases
from core.queue.jobs import JobType, Queue
from core.queue.outbox import Again, enqueue
from domain.documents.endings import stop_page
from domain.ingestion import jobs as ingestion
from domain.jobs.repository import close_interrupted

if TYPE_CHECKING:
    from domain.job_context import JobContext

PAGES_A_TURN = 100
RECEIVING_S = 60.0  # a batch whose receiver is silent for so long is over


def _cancel(on: "JobContext", job_id: str) -> Again | None:
    """A page a transaction: others write between them."""
    for _ in range(PAGES_A_TURN):
        with on.database.write() as session:
            if not stop_page(session, job_id):
                enqueue(session, ingestion.INGEST_WAKE)  # workers that found nothing but these at the head of the queue
                return None
    return Again(0.0)


def _end_batch(on: "JobContext", job_id: str, lease: str) -> Again | None:
    """Of a process that died while it received a batch: what it took goes on, and the job says that more was sent."""
    with on.database.write() as session:
        if leases.is_held(session, lease):
            return Again(RECEIVING_S)
        close_interrupted(session, job_id)
    return None


CANCEL_JOB = JobType("jobs.cancel", Queue.UPKEEP, _cancel)
END_BATCH = JobType("jobs.end_batch", Queue.UPKEEP, _end_batch)
JOBS = (CANCEL_JOB, END_BATCH)
