"""Queries of collections."""

from collections.abc import Sequence

from sqlalchemy import func, select

from domain.models import Collection, Document, Status
from domain.scope import TenantRepository


class CollectionRepository(TenantRepository):
    def get(self, collection_id: str) -> Collection | None:
        return self.session.scalar(
            self.select(Collection).where(Collection.id == collection_id, Collection.deleted_at.is_(None))
        )

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that are this workspace's and not deleted."""
        if not ids:
            return set()
        mine = self.select(Collection).where(Collection.id.in_(ids), Collection.deleted_at.is_(None))
        return set(self.session.scalars(mine.with_only_columns(Collection.id)))

    def page(self, limit: int, offset: int) -> tuple[list[tuple[Collection, int]], int]:
        """Collections with their number of documents, and how many there are."""
        live = self.select(Collection).where(Collection.deleted_at.is_(None))
        total = self.session.scalar(select(func.count()).select_from(live.subquery())) or 0
        rows = self.session.scalars(live.order_by(Collection.id).limit(limit).offset(offset)).all()
        counts = self.document_counts([row.id for row in rows])
        return [(row, counts.get(row.id, 0)) for row in rows], total

    def document_counts(self, ids: Sequence[str]) -> dict[str, int]:
        query = (
            select(Document.collection_id, func.count())
            .where(
                Document.workspace_id == self.who.workspace_id,
                Document.collection_id.in_(ids),
                Document.status != Status.DELETED,
            )
            .group_by(Document.collection_id)
        )
        return {row[0]: row[1] for row in self.session.execute(query)}
