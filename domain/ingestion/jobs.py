"""Documents on their way, a claimed batch at a time; and the sweeper, which takes over what dead workers left."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, Queue

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _work(on: "JobContext") -> None:
    on.ingestion.work(on.wake_another)


def _reindex(on: "JobContext", job_id: str) -> object:
    return on.ingestion.reindex(job_id)


def _sweep(on: "JobContext") -> None:
    on.ingestion.sweep()


INGEST_WAKE = JobType("ingest.wake", Queue.INGEST, _work, wake=True)
REINDEX = JobType("documents.reindex", Queue.UPKEEP, _reindex)
JOBS = (INGEST_WAKE, REINDEX)
PERIODIC = (Periodic("sweep", lambda settings: settings.sweep_every_s, _sweep),)
