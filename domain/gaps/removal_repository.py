"""The documents whose removal is tried out."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from core.errors import NotFound
from domain.collections.service import require_collections
from domain.gaps.risk_repository import of_crawl
from domain.models import ChunkRow, Collection, CrawlSource, Document, Status
from domain.scope import TenantRepository, mine

TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Gone:
    """These documents, all of a crawl and all of a collection."""

    document_ids: Sequence[str] = ()
    crawl_id: str | None = None
    collection_id: str | None = None


class RemovalRepository(TenantRepository):
    def check(self, gone: Gone) -> None:
        """Raises `NotFound` for a crawl or collection that is not there."""
        if gone.collection_id is not None:
            require_collections(self.session, self.who, [gone.collection_id], "collection_id")
        if gone.crawl_id is not None:
            crawl = self.select(CrawlSource).where(CrawlSource.id == gone.crawl_id, CrawlSource.deleted_at.is_(None))
            if self.session.scalar(crawl) is None:
                raise NotFound("There is no such crawl in this workspace.", code="CRAWL_NOT_FOUND", field="crawl_id")

    def documents(self, gone: Gone, limit: int) -> list[str]:
        """Those that are there, by id."""
        query = (
            select(Document.id)
            .join(Collection, Collection.id == Document.collection_id)
            .where(mine(Document, self.who), Document.status != Status.DELETED, Collection.deleted_at.is_(None))
        )
        wanted: list[ColumnElement[bool]] = [Document.id.in_(gone.document_ids)]
        if gone.collection_id is not None:
            wanted.append(Document.collection_id == gone.collection_id)
        if gone.crawl_id is not None:
            wanted.append(of_crawl(gone.crawl_id))
        return list(self.session.scalars(query.where(or_(*wanted)).order_by(Document.id).limit(limit)))

    def text_hashes(self, document_ids: Sequence[str], limit: int) -> list[str]:
        """By which the vectors of their passages are kept."""
        found: list[str] = []
        live = and_(ChunkRow.document_id == Document.id, ChunkRow.version == Document.live_version)
        for start in range(0, len(document_ids), TOGETHER):
            query = select(ChunkRow.text_hash).join(Document, live).where(mine(Document, self.who))
            some = query.where(Document.id.in_(document_ids[start : start + TOGETHER]))
            found += self.session.scalars(some.limit(limit - len(found)))
            if len(found) >= limit:
                break
        return found
