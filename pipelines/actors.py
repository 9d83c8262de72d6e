"""Actors: shells round the domain's jobs. A job's name and ids come in, a service does the work."""

from collections.abc import Callable

import dramatiq

from core.database import patiently
from core.queue.jobs import JobType
from core.queue.outbox import perform
from domain.job_context import JobContext
from domain.job_registry import JOBS


def declare_actors(broker: dramatiq.Broker, context: JobContext) -> None:
    """Register an actor for every job. The context builds its parts at the first message, so senders load nothing."""
    for job in JOBS:
        dramatiq.actor(actor_name=job.name, queue_name=job.queue, broker=broker)(_actor(job, context))


def _actor(job: JobType, context: JobContext) -> Callable[..., None]:
    def run(row_id: str = "", **arguments: str) -> None:
        with patiently():
            perform(job, context.database, context, row_id, arguments)

    return run
