"""Ingestion as jobs see it: wake, sweep, reindex."""

import threading
from collections.abc import Callable

from core.clock import utc_now
from core.database import Database
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from domain.documents.repository import DocumentRepository
from domain.documents.service import DocumentService
from domain.ingestion import repository as queue
from domain.ingestion.jobs import INGEST_WAKE
from domain.ingestion.outcome import end_lost
from domain.ingestion.runner import BatchRunner
from domain.ingestion.share_repository import any_due
from domain.models import Job, JobKind, JobStatus
from domain.principal import Permission, Principal

Wake = Callable[[], object]
REINDEX_PAGE = 200


class IngestionService:
    """`batches` is how many this process works on at once; one more is taken only for those who wait at the screen."""

    def __init__(self, database: Database, runner: BatchRunner, *, batches: int = 2) -> None:
        self._database, self._runner = database, runner
        self._places = threading.Semaphore(batches)

    def work(self, wake: Wake) -> bool:
        """One claimed batch of the workspace to be served next.

        Where more is due, other workers are woken before and after, so that all cores get some and no wake-up is
        the last."""
        bulk = self._places.acquire(blocking=False)
        try:
            batch, more = self._runner.claim(urgent=not bulk)
            if batch is None:
                return False
            if more:
                wake()
            self._runner.run(batch)
        finally:
            if bulk:
                self._places.release()
        if self._runner.more_due():
            wake()
        return True

    def close(self) -> None:
        """The process ends: what it works on waits for nobody."""
        self._runner.stop()

    def sweep(self) -> int:
        """Take over what silent workers left, and wake somebody for what is due."""
        with self._database.write() as session:
            recovered, spent = queue.recover(session, self._runner.max_attempts)
            end_lost(session, spent)
            if any_due(session):
                enqueue(session, INGEST_WAKE)
        return recovered


def reindex(database: Database, who: Principal, collection_id: str | None = None) -> Job:
    """Queue every document of the workspace (or collection) again, as one job; old versions are served meanwhile."""
    who.require(Permission.DOCUMENTS_WRITE)
    with database.write() as session:
        ids = DocumentRepository(session, who).completed_ids(collection_id)
        job = Job(
            id=new_id(Prefix.JOB), workspace_id=who.workspace_id, collection_id=collection_id, kind=JobKind.REINDEX,
            total=len(ids), errors=[], status=JobStatus.PROCESSING if ids else JobStatus.COMPLETED,
            finished_at=None if ids else utc_now(),
        )  # fmt: skip
        session.add(job)
    for start in range(0, len(ids), REINDEX_PAGE):
        with database.write() as session:
            DocumentService(session, who).requeue_all(ids[start : start + REINDEX_PAGE], job.id)
    return job
