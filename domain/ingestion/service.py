"""Ingestion as jobs see it: wake, sweep, reindex."""

from collections.abc import Callable

from core.clock import utc_now
from core.database import Database
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from domain.documents.repository import DocumentRepository
from domain.documents.service import DocumentService
from domain.ingestion import repository as queue
from domain.ingestion.outcome import end_lost
from domain.ingestion.purge import Purge
from domain.ingestion.runner import SlabRunner
from domain.jobnames import INGEST_WAKE, PURGE_COLLECTION, PURGE_WORKSPACE
from domain.models import Job, JobKind, JobStatus
from domain.principal import Permission, Principal

Wake = Callable[[str], None]
REINDEX_PAGE = 200


class IngestionService:
    def __init__(self, database: Database, runner: SlabRunner, purge: Purge, retention_days: int) -> None:
        self._database, self._runner, self.purge, self._retention_days = database, runner, purge, retention_days

    def work(self, workspace_id: str, wake: Wake) -> bool:
        """One slab of the workspace; first wakes another worker where more is due, so that all cores get some."""
        slab, more = self._runner.claim(workspace_id)
        if slab is None:
            return False
        if more:
            wake(workspace_id)
        self._runner.run(slab)
        return True

    def sweep(self) -> int:
        """Take over what dead workers left, wake what nobody works for, finish interrupted removals."""
        collections, workspaces = self.purge.unfinished()
        with self._database.write() as session:
            recovered, spent = queue.recover(session, self._runner.max_attempts)
            end_lost(session, spent)
            for workspace_id in queue.starving_workspaces(session):
                enqueue(session, INGEST_WAKE, workspace_id=workspace_id)
            for workspace_id, collection_id in collections:
                enqueue(session, PURGE_COLLECTION, workspace_id=workspace_id, collection_id=collection_id)
            for workspace_id in workspaces:
                enqueue(session, PURGE_WORKSPACE, workspace_id=workspace_id)
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
