"""Jobs: work on many documents that somebody watches."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, JsonColumn, Tenancy


class JobStatus(StrEnum):
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class JobKind(StrEnum):
    BATCH = "BATCH"
    REINDEX = "REINDEX"
    RECONCILE = "RECONCILE"
    REPLAY = "REPLAY"
    CRAWL = "CRAWL"


class Job(Created, Base):
    """Counts are written in the transaction that ends a document, so they are exact."""

    __tablename__ = "jobs"
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    collection_id: Mapped[str | None] = mapped_column(Id)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default=JobStatus.PROCESSING)
    open: Mapped[bool] = mapped_column(default=False)  # more may come, as long as a crawl runs
    total: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[Any]]
    report: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)  # what a reconciliation found
    finished_at: Mapped[datetime | None]

    @property
    def queued(self) -> int:
        """Documents that have neither completed, failed nor been cancelled yet."""
        return max(0, self.total - self.completed - self.failed - self.cancelled)
