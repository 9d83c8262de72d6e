"""Queries of dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, update

from core.clock import utc_now
from domain.documents.intake import requeued
from domain.documents.repository import pages
from domain.models import Document, Priority, Status
from domain.scope import TenantRepository


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """None means any; `()` means nothing."""

    document_ids: tuple[str, ...] | None = None
    codes: tuple[str, ...] | None = None
    collection_id: str | None = None


class DeadLetterRepository(TenantRepository):
    def page(self, wanted: DeadLetterFilter, limit: int, offset: int) -> tuple[list[Document], int]:
        """Newest failure first, and how many there are."""
        query = self._failed(wanted)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        newest = query.order_by(Document.updated_at.desc(), Document.id)
        return list(self.session.scalars(newest.limit(limit).offset(offset))), total

    def lock(self, wanted: DeadLetterFilter, limit: int) -> list[str]:
        """Ids, for replay: nobody else takes them meanwhile."""
        some = self._failed(wanted).with_only_columns(Document.id).order_by(Document.id).limit(limit)
        return list(self.session.scalars(some.with_for_update()))

    def requeue(self, ids: Sequence[str], job_id: str) -> None:
        """Back to the start of the journey, a statement for some hundred: there may be ten thousand."""
        for page in pages(ids):
            mine = update(Document).where(Document.id.in_(page)).execution_options(synchronize_session=False)
            again = {**requeued(job_id, utc_now(), Priority.BATCH), "revision": Document.revision + 1}
            self.session.execute(mine.values(**again))

    def existing(self, document_ids: Sequence[str]) -> set[str]:
        """Those of `document_ids` that the workspace has, whatever their state."""
        found: set[str] = set()
        for page in pages(document_ids):
            query = self.select(Document).where(Document.id.in_(page), Document.status != Status.DELETED)
            found.update(self.session.scalars(query.with_only_columns(Document.id)))
        return found

    def _failed(self, wanted: DeadLetterFilter) -> Select[Document]:
        query = self.select(Document).where(Document.status == Status.FAILED)
        if wanted.document_ids is not None:
            query = query.where(Document.id.in_(wanted.document_ids))
        if wanted.codes is not None:
            query = query.where(Document.error_code.in_(wanted.codes))
        return query.where(Document.collection_id == wanted.collection_id) if wanted.collection_id else query
