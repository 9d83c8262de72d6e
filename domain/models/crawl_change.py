"""What a crawl's run changed, page by page: the diff of the run."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class Change(StrEnum):
    NEW = "NEW"
    CHANGED = "CHANGED"
    GONE = "GONE"
    FAILED = "FAILED"


class CrawlChange(Created, Base):
    __tablename__ = "crawl_changes"
    tenancy = Tenancy.PARENT
    __table_args__ = (Index("ix_crawl_changes_listing", "run_id", "change", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    run_id: Mapped[str] = mapped_column(ForeignKey("crawl_runs.id", ondelete="CASCADE"))
    url: Mapped[str]
    change: Mapped[str]
    code: Mapped[str | None]
    reason: Mapped[str | None]
    document_id: Mapped[str | None] = mapped_column(Id)
