"""The reconciler: finds and repairs every difference between SQL, the vector index and the blob store.

SQL is the truth. A live version without all its points is read and indexed again from its original (its embeddings
are in the cache); points, files and embeddings that no row needs are removed. It works in pages beside everything
else and looks again before it changes anything, so that it cannot remove what a worker is writing.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from core.blobs.protocol import BlobStore
from core.clock import utc_now
from core.database import Database
from core.ids import Prefix, made_at, new_id
from core.queue.outbox import enqueue
from core.vectors.protocol import Scope, VectorStore
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.documents.intake import ON_THE_WAY
from domain.ingestion.jobs import INGEST_WAKE
from domain.models import Job, JobKind, JobStatus
from domain.principal import Permission, Principal
from domain.upkeep import reconcile_repository as rows
from domain.upkeep.jobs import RECONCILE
from domain.upkeep.reconcile_repository import DocumentState
from domain.upkeep.removal_repository import is_stale

log = structlog.get_logger()
GRACE = timedelta(hours=1)  # an upload stores its file before its row
EXAMPLES = 20


@dataclass(slots=True)
class Report:
    """What differed, by kind; `examples` name some of each."""

    repaired: bool
    documents: int = 0
    found: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, name: str, count: int = 1) -> None:
        self.found[kind] += count
        if len(self.examples[kind]) < EXAMPLES:
            self.examples[kind].append(name)

    def as_json(self) -> dict[str, Any]:
        return {
            "repaired": self.repaired,
            "documents": self.documents,
            "found": dict(sorted(self.found.items())),
            "examples": dict(sorted(self.examples.items())),
        }


class Reconciler:
    def __init__(self, database: Database, vectors: VectorStore, blobs: BlobStore, *, grace: timedelta = GRACE) -> None:
        self._database, self._vectors, self._blobs, self._grace = database, vectors, blobs, grace

    def run(self, workspace_id: str, *, repair: bool = True) -> Report:
        """Check one workspace. Kinds: `unsearchable` documents, `stale_points` of versions that are not served,
        `orphan_points` of documents that are not there, `orphan_blobs`, `missing_originals`, `missing_attachments`,
        `unused_embeddings`, `interrupted_jobs`."""
        report = Report(repair)
        seen, last = 0, ""
        while page := self._page(workspace_id, last):
            seen += self._points(workspace_id, page, report)
            last = page[-1].id
        if self._vectors.count(Scope(workspace_id)) > seen:
            self._orphans(workspace_id, report)
        self._files(workspace_id, report)
        before = utc_now() - self._grace
        with self._database.write() as session:
            unused = rows.forget_unused_embeddings(session, workspace_id, really=repair)
            for job_id in rows.settle_jobs(session, workspace_id, before, really=repair):
                report.add("interrupted_jobs", job_id)
            if repair and report.found["unsearchable"]:
                enqueue(session, INGEST_WAKE)
        if unused:
            report.add("unused_embeddings", workspace_id, unused)
        if report.found:
            log.warning("differences_found", workspace=workspace_id, **report.as_json())
        return report

    def run_job(self, workspace_id: str, job_id: str | None) -> None:
        """As a job of the outbox; its report goes to the job that somebody watches, if there is one."""
        self.strangers()
        report = self.run(workspace_id)
        if job_id is None:
            return
        with self._database.write() as session:
            job = session.get(Job, job_id)
            if job is not None:
                job.report, job.status, job.finished_at = report.as_json(), JobStatus.COMPLETED, utc_now()

    def strangers(self) -> list[str]:
        """Remove points of workspaces that have no row any more; which they were."""
        with self._database.read() as session:
            known = set(rows.workspace_ids(session))
        gone = sorted(self._vectors.workspaces() - known)
        for workspace_id in gone:
            self._vectors.delete(Scope(workspace_id))
        self._blobs.tidy(self._grace.total_seconds())
        return gone

    def queue_all(self) -> None:
        """Queue a reconciliation of each workspace that has none waiting."""
        with self._database.write() as session:
            for workspace_id in rows.workspace_ids(session):
                if not rows.is_queued(session, workspace_id):
                    enqueue(session, RECONCILE, workspace_id=workspace_id)

    def _page(self, workspace_id: str, last: str) -> list[DocumentState]:
        with self._database.read() as session:
            return rows.documents_after(session, workspace_id, last)

    def _points(self, workspace_id: str, page: list[DocumentState], report: Report) -> int:
        """Compare the points of a page of documents; how many there are."""
        report.documents += len(page)
        owners = self._vectors.owners(Scope(workspace_id, document_ids=tuple(document.id for document in page)))
        by_id = {document.id: document for document in page}
        for (document_id, version), count in owners.items():
            if not _is_wanted(by_id[document_id], version):
                self._drop(workspace_id, document_id, version, count, "stale_points", report)
        for document in page:
            if _is_served(document) and owners.get((document.id, document.live_version or 0), 0) != document.chunks:
                self._rebuild(workspace_id, document, report)
        return sum(owners.values())

    def _rebuild(self, workspace_id: str, document: DocumentState, report: Report) -> None:
        if report.repaired:
            # first what is there of it: a newer parser may make fewer chunks than the old one
            self._vectors.delete(Scope(workspace_id, document_ids=(document.id,), version=document.live_version))
            with self._database.write() as session:
                if not rows.rebuild(session, document):
                    return
        report.add("unsearchable", document.id)

    def _drop(self, workspace_id: str, document_id: str, version: int, count: int, kind: str, report: Report) -> None:
        with self._database.read() as session:
            if not is_stale(session, document_id, version):
                return
        if report.repaired:
            self._vectors.delete(Scope(workspace_id, document_ids=(document_id,), version=version))
        report.add(kind, f"{document_id} version {version}", count)

    def _orphans(self, workspace_id: str, report: Report) -> None:
        """Points of documents that have no row."""
        known: set[str] = set()
        last = ""
        while page := self._page(workspace_id, last):
            known |= {one.id for one in page}
            last = page[-1].id
        for (document_id, version), count in self._vectors.owners(Scope(workspace_id)).items():
            if document_id not in known:
                self._drop(workspace_id, document_id, version, count, "orphan_points", report)

    def _files(self, workspace_id: str, report: Report) -> None:
        stored = set(self._blobs.keys(f"{workspace_id}/"))
        unnamed = set(stored)
        with self._database.read() as session:
            for page in rows.named_blobs(session, workspace_id):
                unnamed -= {key for key, _ in page}
                for document_id in sorted({document for key, document in page if key not in stored}):
                    report.add("missing_originals", document_id)
            for mails in rows.named_attachments(session, workspace_id):
                unnamed -= {key for key, _ in mails}
                for email_id in sorted({email for key, email in mails if key not in stored}):
                    report.add("missing_attachments", email_id)
        limit = utc_now() - self._grace
        for key in sorted(unnamed):
            if made_at(key.rsplit("/", 1)[-1]) < limit:
                if report.repaired:
                    self._blobs.delete(key)
                report.add("orphan_blobs", key)


def start_reconciliation(database: Database, who: Principal) -> Job:
    """A reconciliation of the workspace that somebody asked for, as a job to be watched."""
    who.require(Permission.DOCUMENTS_WRITE)
    job = Job(
        id=new_id(Prefix.JOB), workspace_id=who.workspace_id, kind=JobKind.RECONCILE, total=0, errors=[],
        status=JobStatus.PROCESSING,
    )  # fmt: skip
    with database.write() as session:
        session.add(job)
        done(session, who, Action.RECONCILE_STARTED, job)
        enqueue(session, RECONCILE, workspace_id=who.workspace_id, job_id=job.id)
    return job


def _is_served(document: DocumentState) -> bool:
    """Whether all points of the live version must be there now."""
    rebuilding = document.status in ON_THE_WAY and document.version == document.live_version
    return document.live_version is not None and document.status != "DELETED" and not rebuilding


def _is_wanted(document: DocumentState, version: int) -> bool:
    if document.status == "DELETED":
        return False
    return version == document.live_version or (version == document.version and document.status in ON_THE_WAY)
