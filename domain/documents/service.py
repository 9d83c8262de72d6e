"""Documents: upload, list, read, change, reprocess, cancel, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict, NotFound, TooManyRequests
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import audit_change, created, done
from domain.changes import UNSET, Unset, changed
from domain.collections.service import require_collections
from domain.documents.endings import remove, stop
from domain.documents.intake import ON_THE_WAY, Intake
from domain.documents.items import Item
from domain.documents.renewal import renew
from domain.documents.repository import DocumentRepository, Filter
from domain.gaps.risk_repository import AtRisk
from domain.models import ChunkRow, Document, DocumentVersion, Status
from domain.principal import Permission, Principal
from domain.revision import check_match

PREVIEW_CHUNKS = 5
QUEUE_FULL_RETRY_S = 30


@dataclass(frozen=True, slots=True)
class Detail:
    document: Document
    versions: list[DocumentVersion]
    preview: list[ChunkRow]


@dataclass(frozen=True, slots=True)
class DocumentChange:
    title: str | Unset = UNSET
    metadata: dict[str, Any] | Unset = UNSET


class DocumentService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._documents = DocumentRepository(session, who)

    def check_upload(self, collection_id: str) -> None:
        """Raise before a body is stored for a collection that is not there or not theirs to fill."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        require_collections(self._session, self._who, [collection_id], "collection_id")

    def check_queue(self, most: int) -> None:
        """Raise `TooManyRequests` while `most` documents of the workspace wait already."""
        if self._documents.waiting(most) >= most:
            raise TooManyRequests(
                f"{most:,} documents of this workspace wait already. Send more when some of them are done.",
                retry_after_s=QUEUE_FULL_RETRY_S,
                code="QUEUE_FULL",
            )

    def upload(self, collection_id: str, item: Item, *, allow_duplicates: bool) -> Document:
        """Queue one stored file; raises `Conflict` with the existing id when the collection has the same bytes."""
        self.check_upload(collection_id)
        if not allow_duplicates:
            twin = self._documents.duplicate_of(collection_id, item.content_hash)
            if twin is not None:
                raise Conflict(
                    f"The collection has this file already as “{twin.title}”. Allow duplicates to keep both.",
                    code="DUPLICATE_DOCUMENT",
                    field="file",
                    details={"existing_id": twin.id},
                )
        taken = Intake(self._session, self._who, collection_id).add([item])
        for _, error in taken.refused:
            raise error
        if not taken.queued:
            return self._unchanged(collection_id, item)
        document = self._existing(taken.queued[0])
        created(self._session, self._who, Action.DOCUMENT_UPLOADED, document)
        return document

    def unnamed(self, blob_keys: Sequence[str]) -> list[str]:
        """Of `blob_keys`, those that no version names: their item was unchanged or superseded in its own batch."""
        return sorted(set(blob_keys) - self._documents.named_blobs(blob_keys))

    def page(self, wanted: Filter, limit: int, offset: int) -> tuple[list[Document], int]:
        self._who.require(Permission.DOCUMENTS_READ)
        if wanted.collection_id:
            require_collections(self._session, self._who, [wanted.collection_id], "collection_id")
        return self._documents.page(wanted, limit, offset)

    def get(self, document_id: str) -> Document:
        self._who.require(Permission.DOCUMENTS_READ)
        return self._existing(document_id)

    def detail(self, document_id: str) -> Detail:
        document = self.get(document_id)
        preview: list[ChunkRow] = []
        if document.live_version is not None:
            preview = self._documents.chunks(document_id, document.live_version, PREVIEW_CHUNKS, 0)
        return Detail(document, self._documents.versions(document_id), preview)

    def version(self, document_id: str, version: int | None, *, with_text: bool = False) -> DocumentVersion:
        """A version with its text, by default the one that is live, else the newest."""
        document = self.get(document_id)
        number = version or document.live_version or document.version
        row = self._documents.version(document_id, number, with_text=with_text)
        if row is None:
            raise NotFound("The document has no such version.", code="VERSION_NOT_FOUND")
        return row

    def chunks(self, document_id: str, version: int | None, limit: int, offset: int) -> tuple[list[ChunkRow], int]:
        row = self.version(document_id, version)
        return self._documents.chunks(document_id, row.version, limit, offset), row.chunk_count

    def update(self, document_id: str, change: DocumentChange, if_match: str | None) -> Document:
        """Title and metadata. The title is part of what is embedded, so a new one queues a new version."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        document = self._locked(document_id)
        check_match(document, if_match)
        before = facts(document)
        document.custom = changed(change.metadata, document.custom)
        document.updated_at, document.revision = utc_now(), document.revision + 1
        title = changed(change.title, document.title)
        if title != document.title:
            document.title, document.title_given = title, True
            self._again(document)
        audit_change(self._session, self._who, Action.DOCUMENT_UPDATED, document, before)
        return document

    def reprocess(self, document_id: str) -> Document:
        """Parse and embed the newest original again, as a new version."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        document = self._locked(document_id)
        self._again(document)
        done(self._session, self._who, Action.DOCUMENT_REPROCESSED, document)
        return document

    def cancel(self, document_id: str) -> Document:
        """Stop the work; a version that is live stays live."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        document = self._locked(document_id)
        if document.status not in ON_THE_WAY:
            raise Conflict("Nothing is on its way for this document.", code="NOT_PROCESSING")
        stop(self._session, [document], Status.CANCELLED)
        done(self._session, self._who, Action.DOCUMENT_CANCELLED, document)
        return document

    def delete(self, document_id: str, if_match: str | None) -> AtRisk:
        """Out of every answer at once; a job removes vectors, files and rows. What rested on it is asked again."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        document = self._locked(document_id)
        check_match(document, if_match)
        risk = remove(self._session, [document])
        done(self._session, self._who, Action.DOCUMENT_DELETED, document)
        return risk

    def _unchanged(self, collection_id: str, item: Item) -> Document:
        assert item.external_id is not None  # only by it is an item recognised
        return self._documents.by_external_ids(collection_id, [item.external_id])[item.external_id]

    def _again(self, document: Document) -> None:
        if renew(self._session, [document]):
            raise NotFound("The original is not stored any more.", code="ORIGINAL_GONE")

    def _locked(self, document_id: str) -> Document:
        """To be changed."""
        rows = self._documents.locked([document_id])
        return rows[0] if rows else self._existing(document_id)

    def _existing(self, document_id: str) -> Document:
        document = self._documents.get(document_id)
        if document is None:
            raise NotFound("There is no such document in this workspace.", code="DOCUMENT_NOT_FOUND")
        return document
