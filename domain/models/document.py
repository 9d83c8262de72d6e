"""Documents: the state of each on its way from bytes to searchable."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy


class Status(StrEnum):
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    DELETED = "DELETED"


class Stage(StrEnum):
    QUEUED = "QUEUED"
    PARSING = "PARSING"
    EMBEDDING = "EMBEDDING"
    INDEXING = "INDEXING"
    VERIFYING = "VERIFYING"
    DONE = "DONE"


class Priority(IntEnum):
    """Who waits for it: the smaller goes first within a workspace."""

    INTERACTIVE = 0  # one upload, one reprocess: somebody looks at the screen
    BATCH = 1
    BACKGROUND = 2  # reindexing, repairs: what is served is good already


class SourceType(StrEnum):
    FILE = "FILE"
    WEBSITE = "WEBSITE"
    TEXT = "TEXT"
    CONNECTOR = "CONNECTOR"
    ANSWER = "ANSWER"


class Document(Created, Base):
    """One document. `live_version` is what searches see; `version` is the newest, which may still be on its way."""

    __tablename__ = "documents"
    tenancy = Tenancy.OWN
    __table_args__ = (
        Index("ix_documents_queue", "status", "workspace_id", "priority", "due_at"),
        Index("ix_documents_listing", "workspace_id", "collection_id", "id"),
        Index("uq_documents_external", "collection_id", "external_id", unique=True),
        Index("ix_documents_hash", "collection_id", "content_hash"),
        Index("ix_documents_job", "job_id", "status", "id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id"))
    external_id: Mapped[str | None]
    title: Mapped[str]
    title_given: Mapped[bool] = mapped_column(default=False)
    source_type: Mapped[str]
    source_url: Mapped[str | None]
    file_name: Mapped[str]
    size_bytes: Mapped[int]
    content_hash: Mapped[str]
    custom: Mapped[dict[str, Any]]
    language: Mapped[str | None]

    status: Mapped[str] = mapped_column(default=Status.QUEUED)
    stage: Mapped[str] = mapped_column(default=Stage.QUEUED)
    progress: Mapped[float] = mapped_column(default=0.0)
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    retryable: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=utc_now)
    priority: Mapped[int] = mapped_column(default=Priority.BATCH)
    lease_id: Mapped[str | None] = mapped_column(Id, index=True)
    job_id: Mapped[str | None] = mapped_column(Id)

    version: Mapped[int] = mapped_column(default=1)
    live_version: Mapped[int | None]
    chunk_count: Mapped[int] = mapped_column(default=0)
    token_count: Mapped[int] = mapped_column(default=0)
    page_count: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    revision: Mapped[int] = mapped_column(default=1)
