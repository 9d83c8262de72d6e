"""The queue in SQL: which documents a worker takes next, and how they come back when it dies."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.queue import leases
from domain.documents.endings import stop
from domain.documents.repository import lock_documents
from domain.ingestion.flow import ClaimedBatch, ClaimedDocument
from domain.jobs.repository import cancelled
from domain.models import Document, DocumentVersion, Priority, Stage, Status

BATCH_DOCUMENTS = 128
BATCH_BYTES = 512 * 1024
URGENT_DOCUMENTS = 8  # of a claimed batch in the thread that is kept free for those who wait at the screen
URGENT_BYTES = 64 * 1024


# the fields of ClaimedDocument
_CLAIMED = (
    Document.id.label("document_id"), Document.workspace_id, Document.collection_id, Document.version,
    Document.live_version, Document.title, Document.title_given, Document.source_type, Document.language,
    Document.job_id, Document.attempts, DocumentVersion.file_name, DocumentVersion.blob_key, DocumentVersion.blob_start,
    DocumentVersion.blob_bytes,
)  # fmt: skip


class _Due(NamedTuple):
    id: str
    job_id: str | None
    attempts: int
    size_bytes: int


def claim(
    session: Session, workspace_id: str, holder: str, lease_s: float, *, urgent: bool = False
) -> ClaimedBatch | None:
    """The next claimed batch of the workspace, or None. Nobody else can claim the same documents."""
    due = (
        select(Document.id, Document.job_id, Document.attempts, Document.size_bytes)
        .where(Document.status == Status.QUEUED, Document.workspace_id == workspace_id, Document.due_at <= utc_now())
        .order_by(Document.priority, Document.due_at, Document.id)
        .limit(URGENT_DOCUMENTS if urgent else BATCH_DOCUMENTS)
        .with_for_update(skip_locked=True)
    )
    due = due.where(Document.priority == Priority.INTERACTIVE) if urgent else due
    rows = _wanted(session, [_Due(*row) for row in session.execute(due)])
    ids = _fitting(rows, URGENT_BYTES if urgent else BATCH_BYTES)
    if not ids:
        return None
    lease_id = leases.acquire(session, holder, lease_s)
    taken = {"status": Status.PROCESSING, "stage": Stage.PARSING, "progress": 0.0, "lease_id": lease_id}
    session.execute(
        update(Document)
        .where(Document.id.in_(ids))
        .values(**taken, attempts=Document.attempts + 1, updated_at=utc_now())
        .execution_options(synchronize_session=False)
    )
    return ClaimedBatch(lease_id, workspace_id, _claimed(session, ids))


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
        rows = session.scalars(held.order_by(Document.id).with_for_update()).all()
        last = [row for row in rows if row.attempts >= max_attempts]
        spent += _claimed(session, [row.id for row in last])
        put_back(session, lease_id, 0.0, count_attempt=True, ids=[row.id for row in rows if row not in last])
        leases.release(session, lease_id)
        found += len(rows)
    return found, spent


def _wanted(session: Session, rows: Sequence[_Due]) -> Sequence[_Due]:
    """Without those of jobs that were cancelled: the job that stops them has not come so far yet."""
    gone = cancelled(session, {row.job_id for row in rows if row.job_id})
    if not gone:
        return rows
    stop(session, lock_documents(session, [row.id for row in rows if row.job_id in gone]), Status.CANCELLED)
    return [row for row in rows if row.job_id not in gone]


def _fitting(rows: Sequence[_Due], max_bytes: int) -> list[str]:
    """As many as a claimed batch holds, at least one. What was tried before goes alone: it may take the others down."""
    chosen: list[_Due] = []
    size = 0
    for row in rows:
        if chosen and (row.attempts or chosen[0].attempts or size + row.size_bytes > max_bytes):
            break
        chosen.append(row)
        size += row.size_bytes
    return [row.id for row in chosen]


def _claimed(session: Session, ids: Sequence[str]) -> list[ClaimedDocument]:
    newest = (DocumentVersion.document_id == Document.id) & (DocumentVersion.version == Document.version)
    query = select(*_CLAIMED).join(DocumentVersion, newest).where(Document.id.in_(ids)).order_by(Document.id)
    return [ClaimedDocument(**row) for row in session.execute(query).mappings()]
