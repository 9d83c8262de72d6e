"""Days are counted again after changes."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every
from domain.analytics.counting import count_stale

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _count(on: "JobContext") -> None:
    count_stale(on.database)


PERIODIC = (Periodic("count-days", every(2.0), _count, apart=True),)
