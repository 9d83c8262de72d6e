"""Stopping what a job has on its way, however much it is."""

from sqlalchemy.orm import Session

from core.queue.outbox import enqueue
from domain.documents.endings import stop_page
from domain.jobs.jobs import CANCEL_JOB


def stop_all(session: Session, job_id: str) -> None:
    """A page at once, those in work first; a job stops the rest. Nothing of a job that is cancelled is begun.

    To be called before the job itself is touched: workers hold documents when they count them, and whoever held the
    job would wait for them while they wait for it.
    """
    if stop_page(session, job_id):
        enqueue(session, CANCEL_JOB, job_id=job_id)
