"""Passages from SQL: the domain's implementation of `retrieval.passages.PassageStore`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from core.database import Database
from core.vectors.protocol import Scope
from domain.documents.repository import pages
from domain.models import ChunkRow, Collection, CrawlPage, CrawlSource, Document, DocumentVersion, Status
from retrieval.passages import Block, BlockKind, StoredPassage


class SqlPassages:
    """Only chunks of live versions: SQL decides what is live, whatever the index still holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, scope: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        """Two queries by primary key: joined, SQLite's planner walks all documents of the workspace (70 ms)."""
        with self._database.read() as session:
            chunks = [row for page in pages(chunk_ids) for row in session.execute(_chunks(scope, page))]
            ids = sorted({row.document_id for row in chunks})
            documents = {row.id: row for page in pages(ids) for row in session.execute(_documents(scope, page))}
        return {
            row.id: _passage(row, documents[row.document_id])
            for row in chunks
            if row.document_id in documents and documents[row.document_id].live_version == row.version
        }

    def replaced(self, scope: Scope, versions: Mapping[str, int]) -> bool:
        """One query by primary key."""
        with self._database.read() as session:
            rows = [row for page in pages(list(versions)) for row in session.execute(_documents(scope, page))]
        return any((row.live_version or 0) > versions[row.id] for row in rows)


def _chunks(scope: Scope, ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    columns = (
        ChunkRow.id, ChunkRow.document_id, ChunkRow.version, ChunkRow.chunk_index, ChunkRow.content,
        ChunkRow.heading_path, ChunkRow.page, ChunkRow.char_start, ChunkRow.char_end, ChunkRow.anchor,
        ChunkRow.blocks,
    )  # fmt: skip
    return select(*columns).where(ChunkRow.id.in_(ids), ChunkRow.workspace_id == scope.workspace_id)


def _documents(scope: Scope, ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    columns = (
        Document.id, Document.external_id, Document.collection_id, Document.title, Document.source_url,
        Document.language, Document.live_version, DocumentVersion.format,
    )  # fmt: skip
    wanted = [
        Document.id.in_(ids),
        Document.workspace_id == scope.workspace_id,
        Document.status != Status.DELETED,
        Collection.deleted_at.is_(None),
        ~_removed_crawl().where(CrawlPage.document_id == Document.id).exists(),
    ]
    if scope.collection_ids is not None:
        wanted.append(Document.collection_id.in_(scope.collection_ids))
    live = (DocumentVersion.document_id == Document.id) & (DocumentVersion.version == Document.live_version)
    return (
        select(*columns)
        .join(Collection, Collection.id == Document.collection_id)
        .outerjoin(DocumentVersion, live)
        .where(*wanted)
    )


def _removed_crawl() -> Select[str]:
    """Pages whose documents a job is removing."""
    source = (CrawlSource.id == CrawlPage.source_id) & CrawlSource.deleted_at.is_not(None)
    return select(CrawlPage.id).join(CrawlSource, source).where(CrawlSource.keeps_documents.is_(False))


def _passage(chunk: Row[Any], document: Row[Any]) -> StoredPassage:
    return StoredPassage(
        chunk_id=chunk.id,
        document_id=document.id,
        external_id=document.external_id,
        collection_id=document.collection_id,
        title=document.title,
        url=document.source_url,
        language=document.language,
        version=chunk.version,
        chunk_index=chunk.chunk_index,
        content=chunk.content,
        heading_path=tuple(chunk.heading_path),
        page=chunk.page,
        char_start=chunk.char_start,
        char_end=chunk.char_end,
        anchor=chunk.anchor,
        format=document.format,
        blocks=tuple(_block(stored) for stored in chunk.blocks or ()),
    )


def _block(stored: list[Any]) -> Block:
    kind, start, end, level, names, body = stored
    return Block(BlockKind(kind), start, end, level, tuple(names), body)
