"""Webhooks: sending, sending again, and what is forgotten of it."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, Queue, every
from core.queue.outbox import Again

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _deliver(on: "JobContext", webhook_id: str) -> None:
    on.webhooks.work(webhook_id)


def _replay(on: "JobContext", webhook_id: str, since: str, until: str, only: str, after: str) -> None:
    from domain.webhooks.replay import replay_page

    replay_page(on.database, webhook_id, since, until, only, after)


def _purge(on: "JobContext", webhook_id: str) -> Again | None:
    from domain.webhooks.retention import purge

    return purge(on.database, webhook_id)


def _mail_disabled(on: "JobContext", webhook_id: str) -> None:
    from domain.webhooks.disabling import mail_disabled

    mail_disabled(on.database, on.mailer, webhook_id)


def _sweep(on: "JobContext") -> None:
    on.webhooks.sweep()


def _forget(on: "JobContext") -> None:
    from domain.webhooks.retention import forget_old

    forget_old(on.database, on.settings.webhook_log_days)


DELIVER = JobType("webhooks.deliver", Queue.WEBHOOK, _deliver, wake=True)
REPLAY = JobType("webhooks.replay", Queue.UPKEEP, _replay)
PURGE_WEBHOOK = JobType("webhooks.purge", Queue.UPKEEP, _purge)
MAIL_DISABLED = JobType("webhooks.mail_disabled", Queue.UPKEEP, _mail_disabled)
JOBS = (DELIVER, REPLAY, PURGE_WEBHOOK, MAIL_DISABLED)
PERIODIC = (
    Periodic("sweep-webhooks", every(5.0), _sweep),
    Periodic("forget-deliveries", every(3_600.0), _forget),
)
