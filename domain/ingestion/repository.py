"""The queue in SQL: which documents a worker takes next, and how they come back when it dies."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.queue import leases
from domain.documents.endings import stop
from domain.ingestion.flow import ClaimedBatch, ClaimedDocument
from domain.jobs.repository import cancelled
from domain.models import Document, DocumentVersion, Priority, Stage, Status

BATCH_DOCUMENTS = 128
BATCH_BYTES = 512 * 1024
URGENT_DOCUMENTS = 8  # of a claimed batch in the thread that is kept free for those who wait at the screen
URGENT_BYTES = 64 * 1024


def claim(
    session: Session, workspace_id: str, holder: str, lease_s: float, *, urgent: bool = False
) -> ClaimedBatch | None:
    """The next claimed batch of the workspace, or None. Nobody else can claim the same documents."""
    due = (
        select(Document)
        .where(Document.status == Status.QUEUED, Document.workspace_id == workspace_id, Document.due_at <= utc_now())
        .order_by(Document.priority, Document.due_at, Document.id)
        .limit(URGENT_DOCUMENTS if urgent else BATCH_DOCUMENTS)
        .with_for_update(skip_locked=True)
    )
    due = due.where(Document.priority == Priority.INTERACTIVE) if urgent else due
    rows = _fitting(_wanted(session, session.scalars(due).all()), URGENT_BYTES if urgent else BATCH_BYTES)
    if not rows:
        return None
    lease_id = leases.acquire(session, holder, lease_s)
    for row in rows:
        row.status, row.stage, row.progress = Status.PROCESSING, Stage.PARSING, 0.0
        row.lease_id, row.attempts, row.updated_at = lease_id, row.attempts + 1, utc_now()
    session.flush()
    return ClaimedBatch(lease_id, workspace_id, _claimed(session, rows))


def still_held(session: Session, lease_id: str, *, lock: bool = False) -> set[str]:
    """Documents that the lease still holds: not cancelled, deleted, replaced or taken over."""
    query = select(Document.id).where(Document.lease_id == lease_id, Document.status == Status.PROCESSING)
    return set(session.scalars(query.order_by(Document.id).with_for_update() if lock else query))


def report(session: Session, lease_id: str, ids: Sequence[str], stage: Stage, progress: float) -> None:
    """Where the work stands, for whoever watches."""
    if not ids:
        return
    mine = update(Document).where(Document.lease_id == lease_id, Document.id.in_(ids))
    session.execute(mine.values(stage=stage, progress=round(progress, 3), updated_at=utc_now()))


def abandoned(session: Session, claimed: Sequence[ClaimedDocument]) -> list[ClaimedDocument]:
    """Those whose version will never be live: cancelled, failed, deleted, or followed by a newer one. A version that
    was ended stays so (whoever tries again makes a new one), hence this cannot change under the caller."""
    rows = session.scalars(select(Document).where(Document.id.in_([one.document_id for one in claimed])))
    found = {row.id: row for row in rows}
    return [one for one in claimed if _is_over(found.get(one.document_id), one.version)]


def _is_over(row: Document | None, version: int) -> bool:
    if row is None or row.status == Status.DELETED:
        return True
    ended = row.version != version or row.status in (Status.CANCELLED, Status.FAILED)
    return ended and row.live_version != version


def put_back(session: Session, lease_id: str, delay_s: float, *, count_attempt: bool, ids: Sequence[str]) -> None:
    """Queue again after `delay_s`; an outage of ours does not use up a document's attempts."""
    values: dict[str, Any] = {
        "status": Status.QUEUED,
        "stage": Stage.QUEUED,
        "progress": 0.0,
        "lease_id": None,
        "due_at": utc_now() + timedelta(seconds=delay_s),
    }
    if not count_attempt:
        values["attempts"] = Document.attempts - 1
    mine = update(Document).where(Document.lease_id == lease_id, Document.id.in_(ids))
    session.execute(mine.where(Document.status == Status.PROCESSING).values(**values))


def recover(session: Session, max_attempts: int) -> tuple[int, list[ClaimedDocument]]:
    """Take over what silent workers left: how many documents, and those of them that have no try left.

    The latter stay in the session's hands: the caller fails them in the same transaction.
    """
    found = 0
    spent: list[ClaimedDocument] = []
    for lease_id in leases.expired(session):
        held = select(Document).where(Document.lease_id == lease_id, Document.status == Status.PROCESSING)
        rows = session.scalars(held.with_for_update()).all()
        last = [row for row in rows if row.attempts >= max_attempts]
        spent += _claimed(session, last)
        put_back(session, lease_id, 0.0, count_attempt=True, ids=[row.id for row in rows if row not in last])
        leases.release(session, lease_id)
        found += len(rows)
    return found, spent


def _wanted(session: Session, rows: Sequence[Document]) -> list[Document]:
    """Without those of jobs that were cancelled: the job that stops them has not come so far yet."""
    gone = cancelled(session, {row.job_id for row in rows if row.job_id})
    stop(session, [row for row in rows if row.job_id in gone], Status.CANCELLED)
    return [row for row in rows if row.status == Status.QUEUED]


def _fitting(rows: Sequence[Document], max_bytes: int) -> list[Document]:
    """As many as a claimed batch holds, at least one. What was tried before goes alone: it may take the others down."""
    chosen: list[Document] = []
    size = 0
    for row in rows:
        if chosen and (row.attempts or chosen[0].attempts or size + row.size_bytes > max_bytes):
            break
        chosen.append(row)
        size += row.size_bytes
    return chosen


def _claimed(session: Session, rows: Sequence[Document]) -> list[ClaimedDocument]:
    newest = (DocumentVersion.document_id == Document.id) & (DocumentVersion.version == Document.version)
    query = select(Document, DocumentVersion).join(DocumentVersion, newest)
    found = session.execute(query.where(Document.id.in_([row.id for row in rows])).order_by(Document.id))
    return [
        ClaimedDocument(
            document_id=document.id,
            workspace_id=document.workspace_id,
            collection_id=document.collection_id,
            version=document.version,
            live_version=document.live_version,
            title=document.title,
            title_given=document.title_given,
            source_type=document.source_type,
            language=document.language,
            job_id=document.job_id,
            attempts=document.attempts,
            file_name=version.file_name,
            blob_key=version.blob_key,
            blob_start=version.blob_start,
            blob_bytes=version.blob_bytes,
        )
        for document, version in found
    ]
