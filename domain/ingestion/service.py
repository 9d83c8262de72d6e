"""Ingestion as jobs see it: wake, sweep, reindex."""

import threading
from collections.abc import Callable

from core.clock import utc_now
from core.database import Database
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue, run_recorded
from domain.documents.repository import DocumentRepository
from domain.documents.service import DocumentService
from domain.ingestion import repository as queue
from domain.ingestion.outcome import end_lost
from domain.ingestion.runner import BatchRunner
from domain.ingestion.turn_repository import any_due
from domain.jobnames import (
    ABANDON_VERSION,
    ALL,
    CRAWL,
    DROP_BLOBS,
    INGEST_WAKE,
    PURGE_COLLECTION,
    PURGE_DOCUMENT,
    PURGE_WORKSPACE,
    RECONCILE,
    RETIRE_VERSIONS,
)
from domain.models import Job, JobKind, JobStatus
from domain.principal import Permission, Principal
from domain.upkeep.purge import Purge
from domain.upkeep.reconcile import Reconciler

Wake = Callable[[], object]
REINDEX_PAGE = 200


class IngestionService:
    """`batches` is how many this process works on at once; one more is taken only for those who wait at the screen."""

    JOBS = tuple(name for name in ALL if name not in (INGEST_WAKE, CRAWL))

    def __init__(
        self,
        database: Database,
        runner: BatchRunner,
        purge: Purge,
        reconciler: Reconciler,
        *,
        retention_days: int,
        batches: int = 2,
    ) -> None:
        self._database, self._runner, self.purge, self._reconciler = database, runner, purge, reconciler
        self._retention_days = retention_days
        self._places = threading.Semaphore(batches)

    def work(self, wake: Wake) -> bool:
        """One claimed batch of whoever's turn it is. Where more is due, others are woken before and after, so that all
        cores get some and no wake-up is the last."""
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

    def run_job(self, name: str, row_id: str, ids: dict[str, str]) -> None:
        """One upkeep job that left the outbox; its end is recorded there."""
        jobs: dict[str, Callable[[], object]] = {
            RETIRE_VERSIONS: lambda: self.purge.retire(ids["workspace_id"], ids["document_id"], int(ids["before"])),
            ABANDON_VERSION: lambda: self.purge.abandon(
                ids["workspace_id"], ids["document_id"], int(ids["version"]), ids.get("lease", "")
            ),
            PURGE_DOCUMENT: lambda: self.purge.document(ids["workspace_id"], ids["document_id"], ids.get("lease", "")),
            PURGE_COLLECTION: lambda: self.purge.collection(ids["workspace_id"], ids["collection_id"]),
            PURGE_WORKSPACE: lambda: self.purge.workspace(ids["workspace_id"]),
            DROP_BLOBS: lambda: self.purge.drop_blobs(ids["keys"].split()),
            RECONCILE: lambda: self._reconciler.run_job(ids["workspace_id"], ids.get("job_id")),
        }
        run_recorded(self._database, row_id, jobs[name])

    def sweep(self) -> int:
        """Take over what silent workers left, and wake somebody for what is due."""
        with self._database.write() as session:
            recovered, spent = queue.recover(session, self._runner.max_attempts)
            end_lost(session, spent)
            if any_due(session):
                enqueue(session, INGEST_WAKE, wake=True)
        return recovered

    def forget_old_versions(self) -> None:
        while self.purge.expired_versions(self._retention_days):
            pass


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
