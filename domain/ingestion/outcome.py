"""The end of a document's journey, in one transaction: flip the live version, or record why not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import DocumentError
from core.ids import point_id
from core.queue.outbox import enqueue
from domain.documents.jobs import ABANDON_VERSION, RETIRE_VERSIONS
from domain.events import Event, EventType, record_all
from domain.ingestion.flow import ClaimedDocument, Failure, ReadDocument
from domain.jobs.repository import credit
from domain.models import ChunkRow, Document, DocumentVersion, Stage, Status
from ingest.elements import ParsedDocument

MAX_DELAY_S = 600.0


def complete(session: Session, read: ReadDocument, model: str) -> None:
    """Make the new version live; the old one's vectors go with a job after the commit."""
    claimed, now = read.claimed, utc_now()
    tokens = sum(chunk.token_count for chunk in read.chunks)
    _store_version(session, read, model, tokens)
    session.execute(
        update(Document)
        .where(Document.id == claimed.document_id)
        .values(
            status=Status.COMPLETED, stage=Stage.DONE, progress=1.0, lease_id=None, live_version=claimed.version,
            title=read.title, language=read.language, chunk_count=len(read.chunks), token_count=tokens,
            page_count=read.document.page_count, error_code=None, error_message=None, retryable=False,
            updated_at=now, revision=Document.revision + 1,
        )
    )  # fmt: skip
    if claimed.version > 1:
        older = (DocumentVersion.document_id == claimed.document_id, DocumentVersion.version < claimed.version)
        session.execute(
            update(DocumentVersion).where(*older, DocumentVersion.retired_at.is_(None)).values(retired_at=now)
        )
        enqueue(
            session, RETIRE_VERSIONS, workspace_id=claimed.workspace_id, document_id=claimed.document_id,
            before=str(claimed.version),
        )  # fmt: skip


def fail(session: Session, claimed: ClaimedDocument, error: DocumentError) -> None:
    """FAILED with a code and a sentence; a live version stays live."""
    session.execute(
        update(Document)
        .where(Document.id == claimed.document_id)
        .values(
            status=Status.FAILED,
            stage=Stage.DONE,
            lease_id=None,
            error_code=error.code,
            error_message=error.message,
            retryable=error.retryable,
            updated_at=utc_now(),
            revision=Document.revision + 1,
        )
    )
    enqueue(
        session, ABANDON_VERSION, workspace_id=claimed.workspace_id, document_id=claimed.document_id,
        version=str(claimed.version),
    )  # fmt: skip


def end_lost(session: Session, spent: Sequence[ClaimedDocument]) -> None:
    """Fail documents whose workers died at every try: the next one would die of them too."""
    message = "Each worker that processed this document died. Reprocess it; if it happens again, split the file."
    pairs = [(claimed, DocumentError(message, code="WORKER_LOST", retryable=True)) for claimed in spent]
    for claimed, error in pairs:
        fail(session, claimed, error)
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


def _store_version(session: Session, read: ReadDocument, model: str, tokens: int) -> None:
    claimed, document = read.claimed, read.document
    mine = (DocumentVersion.document_id == claimed.document_id, DocumentVersion.version == claimed.version)
    session.execute(
        update(DocumentVersion)
        .where(*mine)
        .values(
            text=document.text, format=read.format, language=read.language, page_count=document.page_count,
            chunk_count=len(read.chunks), token_count=tokens, notes=document.notes, found=_found(document),
            embedding_model=model, completed_at=utc_now(),
        )
    )  # fmt: skip
    # a takeover may have stored these before it lost its lease: the same rows, written once
    place = (ChunkRow.document_id == claimed.document_id, ChunkRow.version == claimed.version)
    session.execute(delete(ChunkRow).where(*place))
    if read.chunks:
        session.execute(insert(ChunkRow), _chunk_rows(read))


def _found(document: ParsedDocument) -> dict[str, Any]:
    """What the document says of itself, and its links as [start, end, address]."""
    links = [[link.start, link.end, link.url] for link in document.links]
    return {**document.metadata, **({"links": links} if links else {})}


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
            "token_count": chunk.token_count,
            "text_hash": text_hash,
        }
        for chunk, text_hash in zip(read.chunks, read.hashes, strict=True)
    ]
