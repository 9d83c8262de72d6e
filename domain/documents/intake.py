"""Intake: accepted items become documents, versions and one queued job, in one transaction.

An item whose `external_id` the collection has becomes a new version of that document, or nothing when its content
is unchanged; the old version is served until the new one is live.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import insert_rows
from core.errors import PlanLimit
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue, enqueue_all
from domain.documents.items import Item, superseded
from domain.documents.jobs import ABANDON_VERSION
from domain.documents.repository import DocumentRepository
from domain.ingestion.jobs import INGEST_WAKE
from domain.jobs.repository import credit
from domain.models import Document, DocumentVersion, Priority, Stage, Status
from domain.principal import Principal
from domain.usage.room import Room

ON_THE_WAY = (Status.QUEUED, Status.PROCESSING)


@dataclass(frozen=True, slots=True)
class Taken:
    """Ids of the documents now queued, in order; how many items were unchanged; those that the plan has no room for."""

    queued: list[str]
    unchanged: int
    refused: list[tuple[Item, PlanLimit]]


class Intake:
    def __init__(self, session: Session, who: Principal, collection_id: str, job_id: str | None = None) -> None:
        self._session, self._who, self._collection_id, self._job_id = session, who, collection_id, job_id
        self._priority = Priority.INTERACTIVE if job_id is None else Priority.BATCH
        self._documents = DocumentRepository(session, who)
        self._now = utc_now()

    def add(self, items: Sequence[Item]) -> Taken:
        """Queue what the workspace's plan has room for."""
        room = Room(self._session, self._who)
        known = self._documents.by_external_ids(self._collection_id, [i.external_id for i in items if i.external_id])
        documents: list[dict[str, Any]] = []
        versions: list[dict[str, Any]] = []
        changed: list[tuple[Document, Item]] = []
        queued: list[str] = []
        refused: list[tuple[Item, PlanLimit]] = []
        for item in items:
            old = known.get(item.external_id) if item.external_id else None
            if old is not None and _unchanged(old, item):
                continue
            try:
                room.add_document(item.blob_bytes, old.size_bytes if old else None)
            except PlanLimit as error:
                refused.append((item, error))
                continue
            if old is None:
                document = self._row(item)
                documents.append(document)
                versions.append(_original(document["id"], 1, item))
                queued.append(document["id"])
            else:
                changed.append((old, item))
                queued.append(old.id)
        versions += self._replace_all(changed)
        self._insert(documents, versions)
        if queued:
            enqueue(self._session, INGEST_WAKE)
        return Taken(queued, len(items) - len(queued) - len(refused), refused)

    def _replace_all(self, changed: Sequence[tuple[Document, Item]]) -> list[dict[str, Any]]:
        """As `_replace`; what this job queued itself a moment ago counts as failed."""
        old = [document for document, _ in changed]
        mine = [one for one in old if self._job_id and one.job_id == self._job_id and one.status in ON_THE_WAY]
        supersede(self._session, old, self._job_id)
        versions = [self._replace(document, item) for document, item in changed]
        if mine and self._job_id is not None:
            repeated = [superseded(one.external_id or one.file_name).as_json() for one in mine]
            credit(self._session, self._job_id, failed=len(repeated), errors=repeated)
        return versions

    def _replace(self, document: Document, item: Item) -> dict[str, Any]:
        """Queue a new version of `document`; its own values for the versions table."""
        document.title = item.title or (document.title if document.title_given else _title(item))
        document.title_given = document.title_given or item.title is not None
        document.custom = item.custom or document.custom
        document.source_url = item.source_url or document.source_url
        document.language = item.language or document.language
        document.file_name, document.size_bytes = item.file_name, item.blob_bytes
        document.content_hash = item.content_hash
        requeue(document, self._job_id, self._now, self._priority)
        document.version += 1
        return _original(document.id, document.version, item)

    def _insert(self, documents: list[dict[str, Any]], versions: list[dict[str, Any]]) -> None:
        self._session.flush()
        shared = {
            "workspace_id": self._who.workspace_id, "collection_id": self._collection_id, "status": Status.QUEUED,
            "stage": Stage.QUEUED, "due_at": self._now, "priority": self._priority, "job_id": self._job_id,
            "created_at": self._now, "updated_at": self._now,
        }  # fmt: skip
        insert_rows(self._session, Document, documents, shared)
        insert_rows(self._session, DocumentVersion, versions, _of_all(self._who.workspace_id, self._now))

    def _row(self, item: Item) -> dict[str, Any]:
        return {
            "id": new_id(Prefix.DOCUMENT),
            "external_id": item.external_id,
            "title": item.title or _title(item),
            "title_given": item.title is not None,
            "source_type": item.source_type.value,  # the driver is slow with a subclass of str
            "source_url": item.source_url,
            "file_name": item.file_name,
            "size_bytes": item.blob_bytes,
            "content_hash": item.content_hash,
            "custom": item.custom,
            "language": item.language,
        }


def supersede(session: Session, documents: Sequence[Document], by_job: str | None = None) -> None:
    """Newer versions follow: another job that waited for those on their way has what it waited for."""
    going = [document for document in documents if document.status in ON_THE_WAY]
    waited = Counter(document.job_id for document in going if document.job_id and document.job_id != by_job)
    for job_id, count in sorted(waited.items()):
        credit(session, job_id, completed=count)
    abandon(session, going)


def abandon(session: Session, documents: Sequence[Document]) -> None:
    """The newest versions will never be live: what workers wrote of them goes, once who holds them let go or died.

    To be called before leases are taken away. A version that no worker ever claimed has left nothing; one that was
    put back after an outage is due later than it was changed.
    """
    begun = [one for one in documents if one.lease_id or one.attempts or one.due_at > one.updated_at]
    jobs = [
        {"workspace_id": one.workspace_id, "document_id": one.id, "version": str(one.version),
         "lease": one.lease_id or ""}
        for one in begun
    ]  # fmt: skip
    enqueue_all(session, ABANDON_VERSION, jobs)


def requeue(document: Document, job_id: str | None, now: datetime, priority: Priority) -> None:
    """Back to the start of the journey; a worker that still holds it loses its lease."""
    for name, value in requeued(job_id, now, priority).items():
        setattr(document, name, value)
    document.revision += 1


def requeued(job_id: str | None, now: datetime, priority: Priority) -> dict[str, Any]:
    """The values of a document that begins its journey again."""
    return {
        "status": Status.QUEUED, "stage": Stage.QUEUED, "progress": 0.0, "error_code": None, "error_message": None,
        "lease_id": None, "retryable": False, "attempts": 0, "due_at": now, "updated_at": now, "job_id": job_id,
        "priority": priority,
    }  # fmt: skip


def version_row(document_id: str, version: int, workspace_id: str, item: Item, now: datetime) -> dict[str, Any]:
    return _original(document_id, version, item) | _of_all(workspace_id, now)


def _of_all(workspace_id: str, now: datetime) -> dict[str, Any]:
    """What the versions of one intake share."""
    return {"workspace_id": workspace_id, "notes": [], "found": {}, "created_at": now}


def _original(document_id: str, version: int, item: Item) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "version": version,
        "file_name": item.file_name,
        "blob_key": item.blob_key,
        "blob_start": item.blob_start,
        "blob_bytes": item.blob_bytes,
        "content_hash": item.content_hash,
        "language": item.language,
    }


def _unchanged(document: Document, item: Item) -> bool:
    return (
        document.content_hash == item.content_hash
        and document.status == Status.COMPLETED
        and (item.title is None or item.title == document.title)
        and (not item.custom or item.custom == document.custom)
    )


def _title(item: Item) -> str:
    return item.file_name.rpartition("/")[2]
