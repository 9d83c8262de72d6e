"""Documents whose newest version is not searchable: it failed, was cancelled or waits."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from domain.gaps.drafts import Original
from domain.models import Collection, Document, DocumentVersion, SourceType, Status
from domain.scope import TenantRepository, mine

LATEST = 200
LARGEST = 5 * 2**20  # bytes


@dataclass(frozen=True, slots=True)
class Unsearchable:
    document_id: str
    collection_id: str
    external_id: str | None
    title: str
    given_title: str | None
    status: str
    error_code: str | None
    original: Original


class UnsearchableRepository(TenantRepository):
    def latest(self, collection_ids: Sequence[str] | None) -> list[Unsearchable]:
        """Of these collections, None: of all; the latest first, without very large ones."""
        wanted = [
            mine(Document, self.who), Collection.deleted_at.is_(None), DocumentVersion.blob_bytes <= LARGEST,
            Document.status.in_([Status.FAILED, Status.QUEUED, Status.PROCESSING, Status.CANCELLED]),
            or_(Document.live_version.is_(None), Document.live_version < Document.version),
        ]  # fmt: skip
        if collection_ids is not None:
            wanted.append(Document.collection_id.in_(collection_ids))
        newest = (DocumentVersion.document_id == Document.id) & (DocumentVersion.version == Document.version)
        query = (
            select(Document, DocumentVersion)
            .join(DocumentVersion, newest)
            .join(Collection, Collection.id == Document.collection_id)
            .where(*wanted)
            .order_by(Document.id.desc())
            .limit(LATEST)
        )
        return [_unsearchable(row[0], row[1]) for row in self.session.execute(query)]


def _unsearchable(document: Document, version: DocumentVersion) -> Unsearchable:
    original = Original(
        version.blob_key, version.blob_start, version.blob_bytes, version.file_name,
        is_record=document.source_type == SourceType.TEXT,
    )  # fmt: skip
    return Unsearchable(
        document.id, document.collection_id, document.external_id, document.title,
        document.title if document.title_given else None, document.status, document.error_code, original,
    )  # fmt: skip
