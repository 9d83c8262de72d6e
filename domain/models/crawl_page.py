"""Crawled pages: each URL of a site that is known, and how its last visit ended."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class PageState(StrEnum):
    QUEUED = "QUEUED"
    INDEXED = "INDEXED"  # it has a document
    READ = "READ"  # a sitemap or a feed
    REDIRECTED = "REDIRECTED"
    SKIPPED = "SKIPPED"
    MISSING = "MISSING"  # never there: a broken link
    GONE = "GONE"  # was there; its document is removed
    FAILED = "FAILED"  # a document that it has stays


class CrawlPage(Created, Base):
    """The frontier is the rows that are QUEUED, in the order of `rank` and then of discovery (`id`)."""

    __tablename__ = "crawl_pages"
    tenancy = Tenancy.PARENT
    __table_args__ = (
        Index("uq_crawl_pages_key", "source_id", "key", unique=True),
        Index("ix_crawl_pages_frontier", "source_id", "state", "rank", "id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    source_id: Mapped[str] = mapped_column(ForeignKey("crawl_sources.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Id)
    url: Mapped[str]
    via: Mapped[str]
    depth: Mapped[int]
    hops: Mapped[int] = mapped_column(default=0)
    rank: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default=PageState.QUEUED)
    code: Mapped[str | None]
    reason: Mapped[str | None]
    http_status: Mapped[int | None]
    target: Mapped[str | None]  # of a redirect or canonical link, or the page that this one repeats
    tries: Mapped[int] = mapped_column(default=0)
    misses: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    run_id: Mapped[str | None] = mapped_column(Id)  # the run that visited it last

    document_id: Mapped[str | None] = mapped_column(Id, index=True)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    modified: Mapped[datetime | None]  # as the sitemap says
    content_hash: Mapped[str | None]
    signature: Mapped[str | None]
    text_hash: Mapped[str | None]
    near_hash: Mapped[str | None]  # simhash, 16 hexadecimal digits
    figures: Mapped[str | None]
    words: Mapped[int | None]
    fetched_at: Mapped[datetime | None]
    visited_at: Mapped[datetime | None]
