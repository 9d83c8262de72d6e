"""Messages leave in the background; those that waited for the end of quiet hours, by the clock."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, Queue, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _send(on: "JobContext", message_id: str) -> None:
    from domain.texting.sending import send_queued

    send_queued(on.database, message_id)


def _release(on: "JobContext") -> None:
    from domain.texting.sending import release

    release(on.database)


SEND_TEXT = JobType("sms.send", Queue.OFFICE, _send)
JOBS = (SEND_TEXT,)
PERIODIC = (Periodic("sms-after-quiet-hours", every(5.0), _release),)
