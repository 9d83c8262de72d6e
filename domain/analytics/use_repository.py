"""What documents and collections did for answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, Subquery, func, select

from domain.analytics.days import Period
from domain.analytics.tally import DOCUMENT_COUNTS
from domain.models import Collection, Document, DocumentDay, Status
from domain.scope import TenantRepository, mine


class UseOrder(StrEnum):
    CITED = "cited"
    CITED_FIRST = "cited_first"
    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class UseFilter:
    collection_id: str | None = None
    used: bool | None = None  # None: used or not
    order: UseOrder = UseOrder.CITED


@dataclass(frozen=True, slots=True)
class Use:
    """Answers of a period: that cited something, cited it first, got a thumb, were contradicted."""

    cited: int
    cited_first: int
    thumbs_up: int
    thumbs_down: int
    contradicted: int


@dataclass(frozen=True, slots=True)
class DocumentUse:
    document_id: str
    external_id: str | None
    title: str
    collection_id: str
    use: Use


@dataclass(frozen=True, slots=True)
class CollectionUse:
    """`documents` that answers can come from, `used` of them in the period; counts are of its documents, in sum."""

    collection_id: str
    name: str
    documents: int
    used: int
    use: Use


class UseRepository(TenantRepository):
    def documents(self, period: Period, wanted: UseFilter, limit: int, offset: int) -> tuple[list[DocumentUse], int]:
        """Those that answers can come from, most first; and how many there are."""
        use = self._use(period)
        living = self._living().outerjoin(use, use.c.document_id == Document.id)
        if wanted.collection_id is not None:
            living = living.where(Document.collection_id == wanted.collection_id)
        if wanted.used is not None:
            living = living.where(use.c.cited > 0 if wanted.used else use.c.cited.is_(None))
        total = self.session.scalar(living.with_only_columns(func.count())) or 0
        columns = (Document.id, Document.external_id, Document.title, Document.collection_id)
        counts = [func.coalesce(use.c[name], 0) for name in DOCUMENT_COUNTS]
        most = func.coalesce(use.c[wanted.order.value], 0).desc()
        rows = living.with_only_columns(*columns, *counts).order_by(most, Document.id).limit(limit).offset(offset)
        return [
            DocumentUse(one[0], one[1], one[2], one[3], Use(*one[4:]))
            for one in map(_plain, self.session.execute(rows))
        ], total

    def collections(self, period: Period, limit: int, offset: int) -> tuple[list[CollectionUse], int]:
        """The most cited first, and how many there are."""
        mine_ = self.select(Collection).where(Collection.deleted_at.is_(None))
        total = self.session.scalar(mine_.with_only_columns(func.count())) or 0
        use = self._use(period)
        sums = [func.coalesce(func.sum(use.c[name]), 0).label(name) for name in DOCUMENT_COUNTS]
        per = (
            self._living()
            .outerjoin(use, use.c.document_id == Document.id)
            .with_only_columns(
                Document.collection_id.label("collection_id"), func.count().label("documents"),
                func.count(use.c.cited).label("used"), *sums,
            )
            .group_by(Document.collection_id)
            .subquery()
        )  # fmt: skip
        counts = [func.coalesce(per.c[name], 0) for name in ("documents", "used", *DOCUMENT_COUNTS)]
        query = mine_.outerjoin(per, per.c.collection_id == Collection.id)
        page = query.with_only_columns(Collection.id, Collection.name, *counts).limit(limit).offset(offset)
        rows = self.session.execute(page.order_by(counts[2].desc(), Collection.id))
        return [CollectionUse(one[0], one[1], one[2], one[3], Use(*one[4:])) for one in map(_plain, rows)], total

    def _living(self) -> Select[Document]:
        return self.select(Document).where(Document.live_version.is_not(None), Document.status != Status.DELETED)

    def _use(self, period: Period) -> Subquery:
        sums = [func.sum(getattr(DocumentDay, name)).label(name) for name in DOCUMENT_COUNTS]
        query = select(DocumentDay.document_id, *sums).where(
            mine(DocumentDay, self.who), DocumentDay.day >= period.first, DocumentDay.day <= period.last
        )
        return query.group_by(DocumentDay.document_id).subquery()


def _plain(row: Row[Any]) -> tuple[Any, ...]:
    return tuple(row)
