"""Passages from SQL: the domain's implementation of `retrieval.passages.PassageStore`."""

from collections.abc import Sequence

from sqlalchemy import Select, select

from core.database import Database
from core.vectors.protocol import Scope
from domain.documents.repository import pages
from domain.models import ChunkRow, Collection, Document, Status
from retrieval.passages import StoredPassage


class SqlPassages:
    """Only chunks of live versions: SQL decides what is live, whatever the index still holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, scope: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        found: dict[str, StoredPassage] = {}
        with self._database.read() as session:
            for page in pages(chunk_ids):
                for chunk, document in session.execute(_query(scope, page)):
                    found[chunk.id] = _passage(chunk, document)
        return found


def _query(scope: Scope, ids: Sequence[str]) -> Select[ChunkRow, Document]:
    live = (Document.id == ChunkRow.document_id) & (Document.live_version == ChunkRow.version)
    query = (
        select(ChunkRow, Document)
        .join(Document, live)
        .join(Collection, Collection.id == Document.collection_id)
        .where(
            ChunkRow.id.in_(ids),
            ChunkRow.workspace_id == scope.workspace_id,
            Document.workspace_id == scope.workspace_id,
            Document.status != Status.DELETED,
            Collection.deleted_at.is_(None),
        )
    )
    if scope.collection_ids is not None:
        query = query.where(Document.collection_id.in_(scope.collection_ids))
    return query


def _passage(chunk: ChunkRow, document: Document) -> StoredPassage:
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
    )
