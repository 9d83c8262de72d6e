"""A slice of a crawl's run, and the runs that begin by the clock."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, Queue, every
from core.queue.outbox import Again

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _work(on: "JobContext", run_id: str, **_: str) -> object:
    return on.crawls.work(run_id)


def _schedule(on: "JobContext") -> None:
    on.crawls.schedule()


def _purge(on: "JobContext", source_id: str) -> Again | None:
    return on.purge.crawl(source_id)


def _drop(on: "JobContext", source_id: str) -> Again | None:
    return on.purge.beyond_limit(source_id)


CRAWL = JobType("sites.crawl", Queue.CRAWL, _work)
PURGE_CRAWL = JobType("sites.purge", Queue.UPKEEP, _purge)
DROP_PAGES = JobType("sites.drop_pages", Queue.UPKEEP, _drop)
JOBS = (CRAWL, PURGE_CRAWL, DROP_PAGES)
PERIODIC = (Periodic("scheduled-crawls", every(5.0), _schedule),)
