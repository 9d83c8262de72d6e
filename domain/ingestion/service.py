"""Ingestion as jobs see it: wake, sweep, reindex."""

import threading
from collections.abc import Callable

from sqlalchemy.orm import Session

from core.database import Database
from core.ids import Prefix, new_id
from core.queue.outbox import Again, enqueue
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.collections.service import require_collections
from domain.documents.renewal import renew_page
from domain.ingestion import repository as queue
from domain.ingestion.jobs import INGEST_WAKE, REINDEX
from domain.ingestion.outcome import end_lost
from domain.ingestion.runner import BatchRunner
from domain.ingestion.share_repository import any_due
from domain.jobs.repository import close
from domain.models import Job, JobKind, JobStatus
from domain.principal import Permission, Principal

Wake = Callable[[], object]
REINDEX_PAGES = 100  # of one turn


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

    def reindex(self, job_id: str) -> Again | None:
        """Queue what a reindexing has left, a page a transaction, until nothing is left or it is cancelled."""
        for _ in range(REINDEX_PAGES):
            with self._database.write() as session:
                job = session.get(Job, job_id)  # unlocked: documents are locked before their jobs
                if job is None or not job.open:
                    return None
                if job.status != JobStatus.PROCESSING or not renew_page(session, job):
                    close(session, job_id, JobStatus.COMPLETED, None)
                    return None
        return Again(0.0)

    def sweep(self) -> int:
        """Take over what silent workers left, and wake somebody for what is due."""
        with self._database.write() as session:
            recovered, spent = queue.recover(session, self._runner.max_attempts)
            end_lost(session, spent)
            if any_due(session):
                enqueue(session, INGEST_WAKE)
        return recovered


def reindex(session: Session, who: Principal, collection_id: str | None = None) -> Job:
    """Build every document of the workspace (or collection) again, as one job; old versions are served meanwhile.

    The first page is queued at once, a job queues the rest: `total` grows until all are.
    """
    who.require(Permission.DOCUMENTS_WRITE)
    if collection_id is not None:
        require_collections(session, who, [collection_id], "collection_id")
    job = Job(
        id=new_id(Prefix.JOB), workspace_id=who.workspace_id, collection_id=collection_id, kind=JobKind.REINDEX,
        open=True, total=0, errors=[], status=JobStatus.PROCESSING,
    )  # fmt: skip
    session.add(job)
    done(session, who, Action.REINDEX_STARTED, job, collection_id=collection_id)
    if renew_page(session, job):
        enqueue(session, REINDEX, job_id=job.id)
    else:
        close(session, job.id, JobStatus.COMPLETED, None)
    return job
