"""Chunks: exact slices of a version's text, one point in the index each."""

from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Tenancy


class ChunkRow(Base):
    """`id` is the point's id; `text_hash` names the embedding in the cache; `anchor` is the nearest heading's id."""

    __tablename__ = "chunks"
    tenancy = Tenancy.PARENT
    __table_args__ = (Index("uq_chunks_place", "document_id", "version", "chunk_index", unique=True),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    version: Mapped[int]
    chunk_index: Mapped[int]
    char_start: Mapped[int]
    char_end: Mapped[int]
    page: Mapped[int | None]
    page_end: Mapped[int | None]
    heading_path: Mapped[list[Any]]
    anchor: Mapped[str | None]
    content: Mapped[str] = mapped_column(Text)
    blocks: Mapped[list[Any] | None]  # [kind, start, end, level, names, body] each; null before they were kept
    token_count: Mapped[int]
    text_hash: Mapped[str] = mapped_column(Id, index=True)
