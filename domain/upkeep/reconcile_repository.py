"""Queries of the reconciler. System work: each takes the workspace that is being checked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.embedding.cache import CachedEmbedding
from core.queue.outbox import OutboxRow
from domain.documents.intake import ON_THE_WAY, requeue, version_row
from domain.documents.items import Item
from domain.emails.attachments import blob_key
from domain.jobs.repository import credit
from domain.models import ChunkRow, Document, DocumentVersion, Email, Job, JobStatus, Priority, Workspace
from domain.upkeep.jobs import RECONCILE

PAGE = 200


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document as SQL has it; `chunks` are the rows of its live version."""

    id: str
    status: str
    version: int
    live_version: int | None
    revision: int
    chunks: int


def workspace_ids(session: Session) -> list[str]:
    """All that still have rows, deleted ones too: their removal is under way."""
    return list(session.scalars(select(Workspace.id).order_by(Workspace.id)))


def documents_after(session: Session, workspace_id: str, last: str) -> list[DocumentState]:
    """The next page of documents, deleted ones included."""
    rows = session.execute(
        select(Document.id, Document.status, Document.version, Document.live_version, Document.revision)
        .where(Document.workspace_id == workspace_id, Document.id > last)
        .order_by(Document.id)
        .limit(PAGE)
    ).all()
    live = (ChunkRow.document_id == Document.id) & (ChunkRow.version == Document.live_version)
    counted = (
        select(Document.id, func.count())
        .join(ChunkRow, live)
        .where(Document.id.in_([row.id for row in rows]))
        .group_by(Document.id)
    )
    chunks = {row[0]: row[1] for row in session.execute(counted)}
    return [DocumentState(*row, chunks=chunks.get(row.id, 0)) for row in rows]


def rebuild(session: Session, document: DocumentState) -> bool:
    """Queue the live version to be read and indexed again; False when the document has moved on meanwhile."""
    row = session.get(Document, document.id, with_for_update=True)
    if row is None or row.revision != document.revision or row.live_version is None or row.status in ON_THE_WAY:
        return False
    live = session.get(DocumentVersion, (row.id, row.live_version))
    if live is None:
        return False
    requeue(row, None, utc_now(), Priority.BACKGROUND)
    if row.version != row.live_version:  # a newer one failed: what was served comes back as the newest
        item = Item(live.file_name, live.blob_key, live.blob_bytes, live.content_hash, blob_start=live.blob_start)
        row.version += 1
        session.add(DocumentVersion(**version_row(row.id, row.version, row.workspace_id, item, utc_now())))
    return True


def named_blobs(session: Session, workspace_id: str) -> Iterator[Sequence[tuple[str, str]]]:
    """Blob keys with the document that names each, in pages."""
    query = select(DocumentVersion.blob_key, DocumentVersion.document_id)
    rows = session.execute(query.where(DocumentVersion.workspace_id == workspace_id).execution_options(yield_per=2_000))
    for page in rows.partitions():
        yield [(row[0], row[1]) for row in page]


def named_attachments(session: Session, workspace_id: str) -> Iterator[Sequence[tuple[str, str]]]:
    """Blob keys of attachments with the mail that names each, in pages."""
    query = select(Email.id, Email.attachments).where(Email.workspace_id == workspace_id)
    for page in session.execute(query.execution_options(yield_per=2_000)).partitions():
        yield [(blob_key(workspace_id, one["id"]), row[0]) for row in page for one in row[1]]


def forget_unused_embeddings(session: Session, workspace_id: str, *, really: bool) -> int:
    """Cached embeddings of text that no chunk has; none while documents are on their way, which may need them."""
    busy = exists().where(Document.workspace_id == workspace_id, Document.status.in_(ON_THE_WAY))
    if session.scalar(select(busy)):
        return 0
    used = exists().where(ChunkRow.workspace_id == workspace_id, ChunkRow.text_hash == CachedEmbedding.text_hash)
    unused = (CachedEmbedding.workspace_id == workspace_id, ~used)
    count = session.scalar(select(func.count()).select_from(CachedEmbedding).where(*unused)) or 0
    if really and count:
        session.execute(delete(CachedEmbedding).where(*unused).execution_options(synchronize_session=False))
    return count


def settle_jobs(session: Session, workspace_id: str, before: datetime, *, really: bool) -> list[str]:
    """Jobs that wait for documents which nothing processes: their process died before it had queued them all. To an
    open job more may come, and whoever holds it ends it."""
    waiting = exists().where(Document.job_id == Job.id, Document.status.in_(ON_THE_WAY))
    open_jobs = select(Job).where(
        Job.workspace_id == workspace_id, Job.status == JobStatus.PROCESSING, Job.created_at < before, Job.total > 0,
        Job.open.is_(False),
    )  # fmt: skip
    rows = session.scalars(open_jobs.where(~waiting)).all()
    message = "The service stopped before all documents of this job were queued. Start it again for the rest."
    for job in rows if really else []:
        rest = job.total - job.completed - job.failed - job.cancelled
        credit(session, job.id, cancelled=rest, errors=[{"item": "", "code": "INTERRUPTED", "message": message}])
    return [job.id for job in rows]


def is_queued(session: Session, workspace_id: str) -> bool:
    """Whether a reconciliation of the workspace has not ended yet."""
    rows = session.scalars(select(OutboxRow).where(OutboxRow.job == RECONCILE.name, OutboxRow.dead_at.is_(None)))
    return any(row.arguments.get("workspace_id") == workspace_id for row in rows)
