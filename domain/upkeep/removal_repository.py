"""Queries of removal. System work across tenants: each takes the ids of what is being removed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from core.database import Tenancy, models_by_table
from core.embedding import cache
from core.queue.outbox import enqueue
from domain.documents.endings import purge
from domain.documents.intake import ON_THE_WAY
from domain.documents.jobs import DROP_BLOBS
from domain.documents.repository import for_change
from domain.gaps.changes_repository import note_documents
from domain.ingestion.cache_repository import forget_unused
from domain.jobs.repository import close, credit
from domain.models import (
    ChunkRow,
    Collection,
    CrawlRun,
    CrawlSource,
    Document,
    DocumentVersion,
    JobStatus,
    Status,
    Workspace,
)

PAGE = 250
CHUNKS_TOGETHER = 2_000


def deleted_or_gone(session: Session, ids: Sequence[str]) -> list[str]:
    """Those of `ids` that are no documents any more."""
    living = select(Document.id).where(Document.id.in_(ids), Document.status != Status.DELETED)
    return sorted(set(ids) - set(session.scalars(living)))


def pages_by_size(session: Session, ids: Sequence[str]) -> list[list[str]]:
    """`ids` in groups whose chunks one short transaction can delete; a large document is one of its own."""
    chunks = select(ChunkRow.document_id, func.count()).where(ChunkRow.document_id.in_(ids))
    sizes = dict(session.execute(chunks.group_by(ChunkRow.document_id)).tuples().all())
    groups: list[list[str]] = [[]]
    size = 0
    for document_id in ids:
        size += sizes.get(document_id, 0)
        if groups[-1] and size > CHUNKS_TOGETHER:
            groups.append([])
            size = sizes.get(document_id, 0)
        groups[-1].append(document_id)
    return groups


def is_stale(session: Session, document_id: str, version: int) -> bool:
    """Whether no search and no worker needs this version's points."""
    row = session.get(Document, document_id)
    if row is None or row.status == Status.DELETED:
        return True
    return version != row.live_version and not (version == row.version and row.status in ON_THE_WAY)


def is_collection_deleted(session: Session, collection_id: str) -> bool:
    row = session.get(Collection, collection_id)
    return row is not None and row.deleted_at is not None


def is_workspace_deleted(session: Session, workspace_id: str) -> bool:
    row = session.get(Workspace, workspace_id)
    return row is not None and row.deleted_at is not None


def remove_documents(session: Session, workspace_id: str, ids: Sequence[str]) -> None:
    """All rows of the documents; a job after the commit drops their files."""
    keys = list(session.scalars(select(DocumentVersion.blob_key).where(DocumentVersion.document_id.in_(ids))))
    hashes = set(session.scalars(select(ChunkRow.text_hash).where(ChunkRow.document_id.in_(ids))))
    session.execute(delete(ChunkRow).where(ChunkRow.document_id.in_(ids)))
    forget_unused(session, workspace_id, hashes | cache.made_for(session, workspace_id, ids))
    session.execute(delete(DocumentVersion).where(DocumentVersion.document_id.in_(ids)))
    session.execute(delete(Document).where(Document.id.in_(ids)))
    _drop_later(session, keys)


def forget_unfinished(session: Session, workspace_id: str, document_id: str) -> None:
    """Embeddings that a worker kept for the document before it died."""
    forget_unused(session, workspace_id, cache.made_for(session, workspace_id, [document_id]))


def remove_versions_before(session: Session, moment: datetime) -> int:
    """A page of versions retired before `moment`; how many. A job after the commit drops their files."""
    old = session.scalars(select(DocumentVersion).where(DocumentVersion.retired_at < moment).limit(PAGE)).all()
    keys = [row.blob_key for row in old]
    for row in old:
        place = (ChunkRow.document_id == row.document_id, ChunkRow.version == row.version)
        hashes = set(session.scalars(select(ChunkRow.text_hash).where(*place)))
        session.execute(delete(ChunkRow).where(*place))
        forget_unused(session, row.workspace_id, hashes)
        session.delete(row)
    session.flush()
    _drop_later(session, keys)
    return len(old)


def mark_deleted(session: Session, which: ColumnElement[bool], workspace_id: str) -> bool:
    """Mark a page of documents as deleted and queue their purge; whether there was any."""
    living = for_change(select(Document).where(which, Document.status != Status.DELETED))
    rows = session.scalars(living.limit(PAGE)).all()
    held = [(workspace_id, row.id, row.lease_id or "") for row in rows]
    waiting = Counter(row.job_id for row in rows if row.job_id and row.status in (Status.QUEUED, Status.PROCESSING))
    for job_id, count in sorted(waiting.items()):
        credit(session, job_id, cancelled=count)
    gone = {"status": Status.DELETED, "lease_id": None, "external_id": None}
    session.execute(update(Document).where(Document.id.in_([row.id for row in rows])).values(**gone))
    note_documents(session, workspace_id, [row.id for row in rows])
    purge(session, held)
    return bool(held)


def any_document(session: Session, which: ColumnElement[bool]) -> bool:
    return session.scalar(select(Document.id).where(which).limit(1)) is not None


def remove_collection(session: Session, collection_id: str) -> None:
    """With its crawls: their jobs stay, as those of uploads do, and end."""
    running = select(CrawlRun).join(CrawlSource, CrawlSource.id == CrawlRun.source_id)
    running = running.where(CrawlSource.collection_id == collection_id, CrawlRun.finished_at.is_(None))
    for run in session.scalars(running.with_for_update(of=CrawlRun)).all():
        close(session, run.job_id, JobStatus.CANCELLED, {})
    session.execute(delete(Collection).where(Collection.id == collection_id, Collection.deleted_at.is_not(None)))


def remove_some(session: Session, workspace_id: str, limit: int) -> bool:
    """Some rows of one table of the workspace, but no document; whether there were any."""
    for table, model in reversed(models_by_table().items()):
        if model.tenancy is Tenancy.OWN and model is not Document:
            keys = list(table.primary_key)
            some = select(*keys).where(table.c.workspace_id == workspace_id).limit(limit)
            gone = session.execute(delete(table).where(tuple_(*keys).in_(some)))
            if isinstance(gone, CursorResult) and gone.rowcount:
                return True
    return False


def remove_workspace(session: Session, workspace_id: str) -> None:
    """Every row that belongs to it, but no document: one that came after the last look holds its collection, so this
    fails and is tried again, when its points and files are removed too."""
    for table, model in reversed(models_by_table().items()):
        if model.tenancy is Tenancy.OWN and model is not Document:
            session.execute(delete(table).where(table.c.workspace_id == workspace_id))
    session.execute(delete(Workspace).where(Workspace.id == workspace_id, Workspace.deleted_at.is_not(None)))


def unreferenced(session: Session, keys: list[str]) -> list[str]:
    """Of `keys`, those that no version names any more: a batch's documents share one blob."""
    used = set(session.scalars(select(DocumentVersion.blob_key).where(DocumentVersion.blob_key.in_(keys))))
    return sorted(set(keys) - used)


def _drop_later(session: Session, keys: list[str]) -> None:
    """Documents of a batch share one blob: whether the last of them is gone shows only after the commit."""
    if keys:
        enqueue(session, DROP_BLOBS, keys=" ".join(sorted(set(keys))))
