"""Documents on the wire (seed section 5; CONTRACT row 5)."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urljoin

from pydantic import BaseModel, BeforeValidator, Field

from api.fields import Input, JsonObject, Name, Output
from domain.documents.service import Detail
from domain.models import Document, DocumentVersion, Status

PREVIEW_CHARACTERS = 200


def wire_status(status: str) -> str:
    """QUEUED is `PROCESSING` with stage QUEUED: a seed's client waits while it sees PROCESSING."""
    return Status.PROCESSING if status == Status.QUEUED else status


WireStatus = Annotated[str, BeforeValidator(wire_status)]


class DocumentPatch(Input):
    title: Name | None = None
    metadata: JsonObject | None = None


class AcceptedOut(Output):
    id: str
    title: str
    status: WireStatus
    stage: str
    message: str = "Document queued for processing"


class DocumentOut(Output):
    id: str
    title: str
    collection_id: str
    external_id: str | None
    source_type: str
    source_url: str | None
    file_name: str
    file_size: int = Field(validation_alias="size_bytes", description="Bytes of the original.")
    status: WireStatus = Field(description="PROCESSING, COMPLETED, FAILED or CANCELLED.")
    stage: str = Field(description="QUEUED, PARSING, EMBEDDING, INDEXING, VERIFYING or DONE.")
    progress: float = Field(description="0 to 1.")
    error_code: str | None
    error_message: str | None
    retryable: bool
    language: str | None
    version: int = Field(description="The newest version.")
    live_version: int | None = Field(description="The version that searches see.")
    chunk_count: int
    token_count: int
    page_count: int | None
    metadata: dict[str, Any] = Field(validation_alias="custom")  # `metadata` is SQLAlchemy's own attribute
    created_at: datetime
    updated_at: datetime


class DocumentList(BaseModel):
    documents: list[DocumentOut]
    total: int


class VersionOut(BaseModel):
    version: int
    created_at: datetime
    completed_at: datetime | None
    is_live: bool
    format: str | None
    chunk_count: int
    token_count: int
    embedding_model: str | None
    notes: list[str] = Field(description="What a person should know, e.g. pages that could not be read.")
    found: dict[str, str] = Field(description="What the document says of itself: author, date, modified, …")


class ChunkPreview(BaseModel):
    chunk_index: int
    content_preview: str
    token_count: int


class DocumentDetail(DocumentOut):
    file_path: str
    versions: list[VersionOut]
    chunks_preview: list[ChunkPreview]


class LinkOut(BaseModel):
    char_start: int
    char_end: int
    url: str


class TextOut(BaseModel):
    version: int
    text: str
    links: list[LinkOut] = Field(description="Links of web pages: where their words stand in the text.")


class ChunkOut(Output):
    chunk_index: int
    content: str
    token_count: int
    page: int | None
    page_end: int | None
    char_start: int
    char_end: int
    heading_path: list[str]


class ChunkList(BaseModel):
    chunks: list[ChunkOut]
    total: int
    version: int


def accepted(document: Document) -> AcceptedOut:
    out = AcceptedOut.model_validate(document)
    if document.status == Status.COMPLETED:
        out.message = "Document unchanged: nothing to process"
    return out


def document_detail(detail: Detail) -> DocumentDetail:
    row = detail.document
    return DocumentDetail(
        **DocumentOut.model_validate(row).model_dump(),
        file_path=f"/api/v1/workspaces/{row.workspace_id}/documents/{row.id}/original",
        versions=[_version(version, row.live_version) for version in detail.versions],
        chunks_preview=[
            ChunkPreview(
                chunk_index=chunk.chunk_index,
                content_preview=chunk.content[:PREVIEW_CHARACTERS],
                token_count=chunk.token_count,
            )
            for chunk in detail.preview
        ],
    )


def _version(row: DocumentVersion, live: int | None) -> VersionOut:
    same = {name: getattr(row, name) for name in VersionOut.model_fields if name not in ("is_live", "found")}
    found = {name: value for name, value in row.found.items() if isinstance(value, str)}
    return VersionOut(**same, is_live=row.version == live, found=found)


def text_out(row: DocumentVersion, source_url: str | None) -> TextOut:
    """Links are made absolute where the document has an address."""
    links = [
        LinkOut(char_start=start, char_end=end, url=_absolute(url, source_url))
        for start, end, url in row.found.get("links", [])
    ]
    return TextOut(version=row.version, text=row.text or "", links=links)


def _absolute(url: str, base: str | None) -> str:
    try:
        return urljoin(base or "", url)
    except ValueError:  # a broken address, as the page has it
        return url
