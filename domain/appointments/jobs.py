"""Whoever comes is reminded of it."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _remind(on: "JobContext") -> None:
    from domain.appointments.reminding import remind

    remind(on.database)


JOBS: tuple[JobType, ...] = ()
PERIODIC = (Periodic("remind", every(5.0), _remind),)
