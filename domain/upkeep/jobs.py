"""Reconciliation, the sign of life of a working process, and what is forgotten after its time."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, Queue, every
from domain.events.recording import forget_old
from domain.upkeep.health_repository import report_worker

if TYPE_CHECKING:
    from domain.job_context import JobContext

HOUR_S = 3_600.0


def _reconcile(on: "JobContext", workspace_id: str, job_id: str | None = None) -> None:
    on.reconciler.run_job(workspace_id, job_id)


def _reconcile_all(on: "JobContext") -> None:
    on.reconciler.queue_all()


def _report_worker(on: "JobContext") -> None:
    with on.database.write() as session:
        report_worker(session, on.holder, on.settings.worker_threads)


def _forget_versions(on: "JobContext") -> None:
    on.purge.forget_old_versions(on.settings.version_retention_days)


def _forget_events(on: "JobContext") -> None:
    forget_old(on.database, on.settings.webhook_log_days)


RECONCILE = JobType("index.reconcile", Queue.UPKEEP, _reconcile)
JOBS = (RECONCILE,)
PERIODIC = (
    Periodic("presence", every(5.0), _report_worker),
    Periodic("forget-versions", every(HOUR_S), _forget_versions),
    Periodic("forget-events", every(HOUR_S), _forget_events),
    # a minute after the start, when whoever was killed before is taken over
    Periodic(
        "reconcile", lambda settings: settings.reconcile_every_h * HOUR_S or None, _reconcile_all, first_after_s=60.0
    ),
)
