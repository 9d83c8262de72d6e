"""Queries of documents, their versions and chunks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, undefer

from domain.models import ChunkRow, Document, DocumentVersion, Job, Status
from domain.scope import TenantRepository

PAGE = 500  # identifiers in one IN (…)


@dataclass(frozen=True, slots=True)
class Filter:
    collection_id: str | None = None
    statuses: tuple[str, ...] = ()
    search: str | None = None


class DocumentRepository(TenantRepository):
    def get(self, document_id: str) -> Document | None:
        return self.session.scalar(self._live().where(Document.id == document_id))

    def locked(self, document_ids: Sequence[str]) -> list[Document]:
        return lock_documents(self.session, document_ids, self._live())

    def page(self, wanted: Filter, limit: int, offset: int) -> tuple[list[Document], int]:
        """Newest first, and how many there are."""
        query = self._live()
        if wanted.collection_id:
            query = query.where(Document.collection_id == wanted.collection_id)
        if wanted.statuses:
            query = query.where(Document.status.in_(wanted.statuses))
        if wanted.search:
            query = query.where(Document.title.icontains(wanted.search, autoescape=True))
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        rows = self.session.scalars(query.order_by(Document.id.desc()).limit(limit).offset(offset))
        return list(rows), total

    def duplicate_of(self, collection_id: str, content_hash: str) -> Document | None:
        """A document of the collection with the same bytes that is or may become searchable."""
        dead = (Status.FAILED, Status.CANCELLED)
        same = self._live().where(Document.collection_id == collection_id, Document.content_hash == content_hash)
        return self.session.scalar(same.where(Document.status.not_in(dead)).limit(1))

    def by_external_ids(self, collection_id: str, external_ids: Sequence[str]) -> dict[str, Document]:
        """Locked, as `locked` says."""
        found: dict[str, Document] = {}
        for page in pages(external_ids):
            query = self._live().where(Document.collection_id == collection_id, Document.external_id.in_(page))
            found.update({row.external_id: row for row in self.session.scalars(for_change(query)) if row.external_id})
        return found

    def versions(self, document_id: str) -> list[DocumentVersion]:
        query = self.select(DocumentVersion).where(DocumentVersion.document_id == document_id)
        return list(self.session.scalars(query.order_by(DocumentVersion.version)))

    def version(self, document_id: str, version: int, *, with_text: bool = False) -> DocumentVersion | None:
        query = self.select(DocumentVersion).where(
            DocumentVersion.document_id == document_id, DocumentVersion.version == version
        )
        return self.session.scalar(query.options(undefer(DocumentVersion.text)) if with_text else query)

    def named_blobs(self, blob_keys: Sequence[str]) -> set[str]:
        """Those of `blob_keys` that a version of this workspace names."""
        named: set[str] = set()
        for page in pages(blob_keys):
            query = self.select(DocumentVersion).where(DocumentVersion.blob_key.in_(page))
            named.update(self.session.scalars(query.with_only_columns(DocumentVersion.blob_key)))
        return named

    def waiting(self, at_most: int) -> int:
        """How many documents of the workspace wait, counted up to `at_most`."""
        rows = self.select(Document).where(Document.status == Status.QUEUED).with_only_columns(Document.id)
        return self.session.scalar(select(func.count()).select_from(rows.limit(at_most).subquery())) or 0

    def chunks(self, document_id: str, version: int, limit: int, offset: int) -> list[ChunkRow]:
        query = self.select(ChunkRow).where(ChunkRow.document_id == document_id, ChunkRow.version == version)
        return list(self.session.scalars(query.order_by(ChunkRow.chunk_index).limit(limit).offset(offset)))

    def _live(self) -> Select[Document]:
        return self.select(Document).where(Document.status != Status.DELETED)


def lock_documents(
    session: Session, document_ids: Sequence[str], among: Select[Document] | None = None
) -> list[Document]:
    """To be changed: a worker may be about to end them, and must do so before or after the change, not between.

    `among` carries the tenant for ids that a client named; ids of ours need none.
    """
    living = select(Document).where(Document.status != Status.DELETED) if among is None else among
    rows: list[Document] = []
    for page in pages(sorted(document_ids)):
        rows += session.scalars(for_change(living.where(Document.id.in_(page))))
    return rows


def to_renew(session: Session, job: Job, limit: int) -> list[str]:
    """Some documents that are served and that the job has not queued again yet."""
    query = select(Document.id).where(
        Document.workspace_id == job.workspace_id, Document.status == Status.COMPLETED,
        Document.job_id.is_distinct_from(job.id),
    )  # fmt: skip
    query = query.where(Document.collection_id == job.collection_id) if job.collection_id else query
    return list(session.scalars(query.limit(limit)))


def newest_versions(session: Session, document_ids: Sequence[str]) -> dict[str, DocumentVersion]:
    newest = (DocumentVersion.document_id == Document.id) & (DocumentVersion.version == Document.version)
    query = select(DocumentVersion).join(Document, newest)
    rows = [row for page in pages(document_ids) for row in session.scalars(query.where(Document.id.in_(page)))]
    return {row.document_id: row for row in rows}


def for_change(query: Select[Document]) -> Select[Document]:
    """Rows as they are now, locked until the transaction ends, always in the same order."""
    return query.order_by(Document.id).with_for_update().execution_options(populate_existing=True)


def pages(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Slices that fit into one IN (…)."""
    for start in range(0, len(values), PAGE):
        yield values[start : start + PAGE]
