"""A run with nothing left to visit is completed, or fails when it reached nothing at all."""

from sqlalchemy.orm import Session

from core.queue.outbox import enqueue
from domain.crawls import frontier_repository
from domain.crawls.jobs import DROP_PAGES
from domain.crawls.removal import drop_page
from domain.crawls.service import end
from domain.models import CrawlRun, CrawlSource, RunState

CLOSED_TOGETHER = 5_000
REACHED = ("new", "changed", "unchanged")


def complete(session: Session, run: CrawlRun, source: CrawlSource) -> bool:
    """Close the list; a run that brought nothing because of its start fails with the start's reason.

    False when only a part of a long list is closed: to be called again, in another transaction.
    """
    beyond = frontier_repository.close_list(session, source.id, CLOSED_TOGETHER)
    if beyond:
        run.counts = {**run.counts, "skipped": run.counts.get("skipped", 0) + beyond}
        run.skipped = {**run.skipped, "MAX_PAGES": run.skipped.get("MAX_PAGES", 0) + beyond}
        if beyond == CLOSED_TOGETHER:
            return False
    if run.skipped.get("MAX_PAGES") and drop_page(session, source.id):
        enqueue(session, DROP_PAGES, source_id=source.id)
    at_fault = None
    if run.page_id is None and not any(run.counts.get(name) for name in REACHED):
        at_fault = next(
            (page for page in reversed(frontier_repository.start_of(session, source.id)) if page.code), None
        )
    if at_fault is None:
        end(session, run, RunState.COMPLETED)
    else:
        end(session, run, RunState.FAILED, at_fault.code, at_fault.reason)
    return True
