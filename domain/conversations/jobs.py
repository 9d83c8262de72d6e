"""Conversations are forgotten after their time; who asked for a human is told to the workspace."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, Queue, every
from domain.conversations.endings import end_quiet
from domain.conversations.escalation_mail import mail_escalation
from domain.conversations.retention import forget_old

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _forget(on: "JobContext") -> None:
    forget_old(on.database, on.settings.conversation_retention_days)


def _end(on: "JobContext") -> None:
    end_quiet(on.database)


def _mail(on: "JobContext", escalation_id: str) -> None:
    mail_escalation(on.database, on.mailer, escalation_id)


MAIL_ESCALATION = JobType("conversations.mail_escalation", Queue.UPKEEP, _mail)
JOBS = (MAIL_ESCALATION,)
PERIODIC = (
    Periodic("forget-conversations", every(3_600.0), _forget),
    Periodic("end-conversations", every(60.0), _end),
)
