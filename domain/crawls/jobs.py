"""A slice of a crawl's run, and the runs that begin by the clock."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, Queue, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _work(on: "JobContext", run_id: str, **_: str) -> object:
    return on.crawls.work(run_id)


def _schedule(on: "JobContext") -> None:
    on.crawls.schedule()


CRAWL = JobType("sites.crawl", Queue.CRAWL, _work)
JOBS = (CRAWL,)
PERIODIC = (Periodic("scheduled-crawls", every(5.0), _schedule),)
