"""Who runs out of something is told."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Queue

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _mail(on: "JobContext", workspace_id: str, month: str, percent: str) -> None:
    from domain.usage.mail import mail_quota

    mail_quota(on.database, on.mailer, workspace_id, month, int(percent))


MAIL_QUOTA = JobType("usage.mail_quota", Queue.UPKEEP, _mail)
JOBS = (MAIL_QUOTA,)
