"""A run with nothing left to visit is completed, or fails when it reached nothing at all."""

from sqlalchemy.orm import Session

from domain.crawls import frontier_repository
from domain.crawls.service import end
from domain.documents.repository import DocumentRepository
from domain.documents.service import remove
from domain.models import CrawlRun, CrawlSource, RunState
from domain.principal import Principal

REACHED = ("new", "changed", "unchanged")


def complete(session: Session, who: Principal, run: CrawlRun, source: CrawlSource) -> None:
    """Close the list; a run that brought nothing because of its start fails with the start's reason."""
    beyond = frontier_repository.close_list(session, source.id)
    if beyond:
        run.counts = {**run.counts, "skipped": run.counts.get("skipped", 0) + beyond}
        run.skipped = {**run.skipped, "MAX_PAGES": run.skipped.get("MAX_PAGES", 0) + beyond}
        dropped = DocumentRepository(session, who).locked(frontier_repository.drop_documents(session, source.id))
        for document in dropped:
            remove(session, document)
    at_fault = None
    if run.page_id is None and not any(run.counts.get(name) for name in REACHED):
        at_fault = next(
            (page for page in reversed(frontier_repository.start_of(session, source.id)) if page.code), None
        )
    if at_fault is None:
        end(session, run, RunState.COMPLETED)
    else:
        end(session, run, RunState.FAILED, at_fault.code, at_fault.reason)
