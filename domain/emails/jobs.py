"""Mails leave in the background."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Queue

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _send(on: "JobContext", email_id: str) -> None:
    from domain.emails.sending import send_queued

    send_queued(on.database, email_id)


SEND_EMAIL = JobType("emails.send", Queue.OFFICE, _send)
JOBS = (SEND_EMAIL,)
