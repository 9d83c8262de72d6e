"""Versions of documents: the original, and the text that citations quote."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class DocumentVersion(Created, Base):
    """One version. The original is `blob_key[blob_start : blob_start + blob_bytes]`: a batch shares one blob."""

    __tablename__ = "document_versions"
    tenancy = Tenancy.PARENT

    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    file_name: Mapped[str]
    format: Mapped[str | None]
    blob_key: Mapped[str] = mapped_column(index=True)
    blob_start: Mapped[int] = mapped_column(default=0)
    blob_bytes: Mapped[int]
    content_hash: Mapped[str]
    embedding_model: Mapped[str | None]
    text: Mapped[str | None] = mapped_column(Text, deferred=True)
    language: Mapped[str | None]
    page_count: Mapped[int | None]
    chunk_count: Mapped[int] = mapped_column(default=0)
    token_count: Mapped[int] = mapped_column(default=0)
    notes: Mapped[list[Any]]
    found: Mapped[dict[str, Any]]
    completed_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
