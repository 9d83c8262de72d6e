"""Crawl sources: a site, what of it is wanted, and when it is looked at again."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class CrawlSource(Created, Base):
    """One site in one collection. `sealed` are its credentials, encrypted for this row alone."""

    __tablename__ = "crawl_sources"
    tenancy = Tenancy.OWN
    __table_args__ = (Index("uq_crawl_sources_site", "collection_id", "key", unique=True),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id, index=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Id)  # hash of the start page's identity
    url: Mapped[str]
    site: Mapped[str]  # the start, or where it redirects to: its host is the site
    options: Mapped[dict[str, Any]]
    schedule: Mapped[str | None]  # cron, five fields, in the workspace's time zone
    every_hours: Mapped[float | None]
    next_run_at: Mapped[datetime | None] = mapped_column(index=True)
    sealed: Mapped[bytes | None]
    created_by: Mapped[str] = mapped_column(Id)
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]  # out of sight; a job removes its page list
    keeps_documents: Mapped[bool] = mapped_column(default=False)  # when it is deleted
    revision: Mapped[int] = mapped_column(default=1)
