"""The end of a document's journey, in one transaction: flip the live version, or record why not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import DocumentError
from core.ids import point_id
from core.queue.outbox import enqueue_all
from domain.documents.jobs import ABANDON_VERSION, RETIRE_VERSIONS
from domain.events.kinds import EventType
from domain.events.recording import Event, record_all
from domain.gaps.changes_repository import note_documents
from domain.ingestion.flow import ClaimedDocument, Failure, ReadDocument
from domain.jobs.repository import credit
from domain.models import ChunkRow, Document, DocumentVersion, Stage, Status
from ingest.elements import Block, ParsedDocument

MAX_DELAY_S = 600.0


def complete(session: Session, reads: Sequence[ReadDocument], model: str) -> None:
    """Make the new versions live; the old ones' vectors go with jobs after the commit.

    All are of one workspace. A statement for all of them, not some for each: everybody else's writes wait for this
    transaction.
    """
    if not reads:
        return
    now = utc_now()
    _store_versions(session, reads, model, now)
    ended = update(Document).where(Document.id == bindparam("key"))
    same = {
        "status": Status.COMPLETED, "stage": Stage.DONE, "progress": 1.0, "lease_id": None, "error_code": None,
        "error_message": None, "retryable": False, "updated_at": now, "revision": Document.revision + 1,
    }  # fmt: skip
    each: dict[str, Any] = {
        name: bindparam(f"new_{name}")
        for name in ("live_version", "title", "language", "chunk_count", "token_count", "page_count")
    }
    rows = [
        {
            "key": read.claimed.document_id, "new_live_version": read.claimed.version, "new_title": read.title,
            "new_language": read.language, "new_chunk_count": len(read.chunks), "new_token_count": _tokens(read),
            "new_page_count": read.document.page_count,
        }
        for read in reads
    ]  # fmt: skip
    session.connection().execute(ended.values(**same, **each), rows)
    _retire(session, [read.claimed for read in reads if read.claimed.version > 1], now)
    note_documents(session, reads[0].claimed.workspace_id, [read.claimed.document_id for read in reads])


def _retire(session: Session, claimed: Sequence[ClaimedDocument], now: datetime) -> None:
    """What was served before: its vectors go, its text and chunks stay for the retention period."""
    if not claimed:
        return
    older = update(DocumentVersion).where(
        DocumentVersion.document_id == bindparam("key"), DocumentVersion.version < bindparam("before"),
        DocumentVersion.retired_at.is_(None),
    )  # fmt: skip
    rows = [{"key": one.document_id, "before": one.version} for one in claimed]
    session.connection().execute(older.values(retired_at=now), rows)
    jobs = [
        {"workspace_id": one.workspace_id, "document_id": one.document_id, "before": str(one.version)}
        for one in claimed
    ]
    enqueue_all(session, RETIRE_VERSIONS, jobs)


def fail(session: Session, failures: Sequence[Failure]) -> None:
    """FAILED with a code and a sentence; live versions stay live. Statements for all, as `complete`."""
    if not failures:
        return
    failed = update(Document).where(Document.id == bindparam("key"))
    same = {
        "status": Status.FAILED, "stage": Stage.DONE, "lease_id": None, "updated_at": utc_now(),
        "revision": Document.revision + 1,
    }  # fmt: skip
    each: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("error_code", "error_message", "retryable")}
    rows = [
        {"key": claimed.document_id, "new_error_code": error.code, "new_error_message": error.message,
         "new_retryable": error.retryable}
        for claimed, error in failures
    ]  # fmt: skip
    session.connection().execute(failed.values(**same, **each), rows)
    jobs = [
        {"workspace_id": claimed.workspace_id, "document_id": claimed.document_id, "version": str(claimed.version)}
        for claimed, _ in failures
    ]
    enqueue_all(session, ABANDON_VERSION, jobs)
    for workspace_id in sorted({claimed.workspace_id for claimed, _ in failures}):
        theirs = [claimed.document_id for claimed, _ in failures if claimed.workspace_id == workspace_id]
        note_documents(session, workspace_id, theirs)


def end_lost(session: Session, spent: Sequence[ClaimedDocument]) -> None:
    """Fail documents whose workers died at every try: the next one would die of them too."""
    message = "Each worker that processed this document died. Reprocess it; if it happens again, split the file."
    pairs = [(claimed, DocumentError(message, code="WORKER_LOST", retryable=True)) for claimed in spent]
    fail(session, pairs)
    report_ended(session, [], pairs)


def report_ended(session: Session, done: Sequence[ClaimedDocument], failed: Sequence[Failure]) -> None:
    """Tell those who watch: the ended documents are counted once a job, and are events."""
    for job_id in sorted({c.job_id for c in [*done, *(claimed for claimed, _ in failed)] if c.job_id}):
        errors = [
            {"item": claimed.title, "document_id": claimed.document_id, "code": error.code, "message": error.message}
            for claimed, error in failed
            if claimed.job_id == job_id
        ]
        credit(session, job_id, completed=sum(c.job_id == job_id for c in done), failed=len(errors), errors=errors)
    completed = [_event(EventType.DOCUMENT_COMPLETED, claimed) for claimed in done]
    record_all(session, [*completed, *(_event(EventType.DOCUMENT_FAILED, *failure) for failure in failed)])


def _event(kind: EventType, claimed: ClaimedDocument, error: DocumentError | None = None) -> Event:
    data = {"document_id": claimed.document_id, "collection_id": claimed.collection_id, "version": claimed.version}
    return Event(kind, claimed.workspace_id, data if error is None else {**data, "code": error.code})


def retry_delay_s(attempt: int) -> float:
    """5 s, 20 s, 80 s …, at most 10 minutes."""
    return min(5.0 * float(4 ** (attempt - 1)), MAX_DELAY_S)


def _store_versions(session: Session, reads: Sequence[ReadDocument], model: str, now: datetime) -> None:
    stored = update(DocumentVersion).where(
        DocumentVersion.document_id == bindparam("key"), DocumentVersion.version == bindparam("of")
    )
    names = ("text", "format", "language", "page_count", "chunk_count", "token_count", "notes", "found")
    each = {name: bindparam(f"new_{name}", type_=DocumentVersion.__table__.c[name].type) for name in names}
    rows = [
        {
            "key": read.claimed.document_id, "of": read.claimed.version, "new_text": read.document.text,
            "new_format": read.format, "new_language": read.language, "new_page_count": read.document.page_count,
            "new_chunk_count": len(read.chunks), "new_token_count": _tokens(read), "new_notes": read.document.notes,
            "new_found": _found(read.document),
        }
        for read in reads
    ]  # fmt: skip
    connection = session.connection()
    connection.execute(stored.values(**each, embedding_model=model, completed_at=now), rows)
    # a takeover may have stored these before it lost its lease: the same rows, written once
    place = (ChunkRow.document_id == bindparam("key"), ChunkRow.version == bindparam("of"))
    connection.execute(delete(ChunkRow).where(*place), [{"key": row["key"], "of": row["of"]} for row in rows])
    chunks = [row for read in reads for row in _chunk_rows(read)]
    if chunks:
        session.execute(insert(ChunkRow), chunks)


def _tokens(read: ReadDocument) -> int:
    return sum(chunk.token_count for chunk in read.chunks)


def _found(document: ParsedDocument) -> dict[str, Any]:
    """What the document says of itself, and its links as [start, end, address]."""
    links = [[link.start, link.end, link.url] for link in document.links]
    return {**document.metadata, **({"links": links} if links else {})}


def _stored(block: Block) -> list[Any]:
    return [block.kind, block.start, block.end, block.level, list(block.names), block.body]


def _chunk_rows(read: ReadDocument) -> list[dict[str, Any]]:
    claimed, text = read.claimed, read.document.text
    return [
        {
            "id": point_id(claimed.workspace_id, claimed.document_id, claimed.version, chunk.index),
            "workspace_id": claimed.workspace_id,
            "document_id": claimed.document_id,
            "version": claimed.version,
            "chunk_index": chunk.index,
            "char_start": chunk.start,
            "char_end": chunk.end,
            "page": chunk.page,
            "page_end": chunk.page_end,
            "heading_path": list(chunk.heading_path),
            "anchor": chunk.anchor,
            "content": text[chunk.start : chunk.end],
            "blocks": [_stored(block) for block in chunk.blocks],
            "token_count": chunk.token_count,
            "text_hash": text_hash,
        }
        for chunk, text_hash in zip(read.chunks, read.hashes, strict=True)
    ]
