"""The passages that come closest to answering an item, as they are now."""

from dataclasses import dataclass

from sqlalchemy import and_, select

from domain.models import ChunkRow, Collection, Document, Phrasing, Status
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class Near:
    document_id: str
    external_id: str | None
    title: str
    collection_id: str
    chunk_index: int
    content: str


class NearRepository(TenantRepository):
    def of(self, phrasing_id: str) -> list[Near]:
        """Those that were found when it was last asked, without what is not there any more; best first."""
        places = self.session.scalar(
            select(Phrasing.passages).where(mine(Phrasing, self.who), Phrasing.id == phrasing_id)
        )
        wanted = [(document, int(number)) for document, _, number in (str(one).rpartition("#") for one in places or [])]
        live = and_(ChunkRow.document_id == Document.id, ChunkRow.version == Document.live_version)
        query = (
            select(
                Document.id, Document.external_id, Document.title, Document.collection_id, ChunkRow.chunk_index,
                ChunkRow.content,
            )
            .join(ChunkRow, live)
            .join(Collection, Collection.id == Document.collection_id)
            .where(mine(Document, self.who), Document.id.in_(sorted({document for document, _ in wanted})))
            .where(ChunkRow.chunk_index.in_(sorted({number for _, number in wanted})))
            .where(Document.status != Status.DELETED, Collection.deleted_at.is_(None))
        )  # fmt: skip
        found = {(row[0], row[4]): Near(*row) for row in self.session.execute(query)}
        return [found[place] for place in wanted if place in found]
