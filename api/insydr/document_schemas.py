"""Documents on the wire (seed section 5; CONTRACT row 5)."""

from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from pydantic import BaseModel, Field

from api.fields import Input, JsonObject, Name
from domain.documents.service import Detail
from domain.models import ChunkRow, Document, DocumentVersion, Status

PREVIEW_CHARACTERS = 200


class DocumentPatch(Input):
    title: Name | None = None
    metadata: JsonObject | None = None


class AcceptedOut(BaseModel):
    id: str
    title: str
    status: str
    stage: str
    message: str = "Document queued for processing"


class DocumentOut(BaseModel):
    id: str
    title: str
    collection_id: str
    external_id: str | None
    source_type: str
    source_url: str | None
    file_name: str
    file_size: int = Field(description="Bytes of the original.")
    status: str = Field(description="PROCESSING, COMPLETED, FAILED or CANCELLED.")
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
    metadata: dict[str, Any]
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


class ChunkOut(BaseModel):
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


def wire_status(status: str) -> str:
    """QUEUED is `PROCESSING` with stage QUEUED: a seed's client waits while it sees PROCESSING."""
    return Status.PROCESSING if status == Status.QUEUED else status


def accepted(document: Document) -> AcceptedOut:
    out = AcceptedOut(id=document.id, title=document.title, status=wire_status(document.status), stage=document.stage)
    if document.status == Status.COMPLETED:
        out.message = "Document unchanged: nothing to process"
    return out


def document_fields(row: Document) -> dict[str, Any]:
    same = {name: getattr(row, name) for name in DocumentOut.model_fields if hasattr(Document, name)}
    del same["metadata"]  # SQLAlchemy's own attribute
    return {**same, "status": wire_status(row.status), "file_size": row.size_bytes, "metadata": row.custom}


def document_detail(detail: Detail) -> DocumentDetail:
    row = detail.document
    return DocumentDetail(
        **document_fields(row),
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


def chunk_out(row: ChunkRow) -> ChunkOut:
    return ChunkOut(**{name: getattr(row, name) for name in ChunkOut.model_fields})


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
