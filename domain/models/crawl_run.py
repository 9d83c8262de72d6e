"""Crawl runs: one pass over a site, and what it found."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class RunState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN_RUNS = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)


class CrawlRun(Created, Base):
    """Counts are written in the transaction that settles a page, so they are exact."""

    __tablename__ = "crawl_runs"
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    source_id: Mapped[str] = mapped_column(ForeignKey("crawl_sources.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[str] = mapped_column(Id, index=True)
    page_id: Mapped[str | None] = mapped_column(Id)  # a refresh of this page alone
    state: Mapped[str] = mapped_column(default=RunState.QUEUED, index=True)
    slices: Mapped[int] = mapped_column(default=0)
    pages: Mapped[int] = mapped_column(default=0)  # with content, changed or not: what `max_pages` counts
    counts: Mapped[dict[str, Any]]
    skipped: Mapped[dict[str, Any]]  # reason's code → pages
    worked_s: Mapped[float] = mapped_column(default=0.0)
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    lease_id: Mapped[str | None] = mapped_column(Id)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
