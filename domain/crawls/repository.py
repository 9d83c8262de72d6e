"""Queries of crawl sources, their runs, pages and changes."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crawler.urls import page_key
from domain.models import (
    OPEN_RUNS,
    Collection,
    CrawlChange,
    CrawlPage,
    CrawlRun,
    CrawlSource,
    PageState,
    RunState,
    Workspace,
)
from domain.scope import TenantRepository


def key_of(url: str) -> str:
    """The identity of a page as a column can hold it, however long its URL is."""
    return hashlib.sha256(page_key(url).encode()).hexdigest()


class CrawlRepository(TenantRepository):
    """Sources are locked without their keys (`key_share`): a crawl that adds pages to one needs only these, and it
    holds its run, which whoever locked the source waits for."""

    def get(self, source_id: str, *, lock: bool = False) -> CrawlSource | None:
        query = self._sources().where(CrawlSource.id == source_id)
        return self.session.scalar(query.with_for_update(of=CrawlSource, key_share=True) if lock else query)

    def by_url(self, collection_id: str, url: str) -> CrawlSource | None:
        """Locked: who starts a run waits for who starts the same."""
        mine = self._sources().where(CrawlSource.collection_id == collection_id, CrawlSource.key == key_of(url))
        return self.session.scalar(mine.with_for_update(of=CrawlSource, key_share=True))

    def page(self, collection_id: str | None, limit: int, offset: int) -> tuple[list[CrawlSource], int]:
        query = self._sources()
        query = query.where(CrawlSource.collection_id == collection_id) if collection_id else query
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(CrawlSource.id.desc()).limit(limit).offset(offset))), total

    def open_run(self, source_id: str) -> CrawlRun | None:
        """The run of the source that has not ended; there is at most one."""
        query = self.select(CrawlRun).where(CrawlRun.source_id == source_id, CrawlRun.state.in_(OPEN_RUNS))
        return self.session.scalar(query.with_for_update())

    def newest_runs(self, source_ids: Sequence[str]) -> dict[str, CrawlRun]:
        """The newest run of each source."""
        newest = (
            self.select(CrawlRun)
            .with_only_columns(func.max(CrawlRun.id))
            .where(CrawlRun.source_id.in_(source_ids))
            .group_by(CrawlRun.source_id)
        )
        rows = self.session.scalars(self.select(CrawlRun).where(CrawlRun.id.in_(newest)))
        return {row.source_id: row for row in rows}

    def run(self, source_id: str, run_id: str) -> CrawlRun | None:
        return self.session.scalar(self.select(CrawlRun).where(CrawlRun.source_id == source_id, CrawlRun.id == run_id))

    def run_of_job(self, job_id: str) -> CrawlRun | None:
        return self.session.scalar(self.select(CrawlRun).where(CrawlRun.job_id == job_id).with_for_update())

    def runs(self, source_id: str, limit: int, offset: int) -> tuple[list[CrawlRun], int]:
        query = self.select(CrawlRun).where(CrawlRun.source_id == source_id)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(CrawlRun.id.desc()).limit(limit).offset(offset))), total

    def changes(self, run_id: str, change: str | None, limit: int, offset: int) -> tuple[list[CrawlChange], int]:
        query = self.select(CrawlChange).where(CrawlChange.run_id == run_id)
        query = query.where(CrawlChange.change == change) if change else query
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(CrawlChange.id).limit(limit).offset(offset))), total

    def known_page(self, source_id: str, page_id: str) -> CrawlPage | None:
        return self.session.scalar(
            self.select(CrawlPage).where(CrawlPage.source_id == source_id, CrawlPage.id == page_id)
        )

    def page_at(self, source_id: str, url: str) -> CrawlPage | None:
        return self.session.scalar(
            self.select(CrawlPage).where(CrawlPage.source_id == source_id, CrawlPage.key == key_of(url))
        )

    def pages(
        self, source_id: str, state: str | None, code: str | None, search: str | None, limit: int, offset: int
    ) -> tuple[list[CrawlPage], int]:
        """In the order of discovery, and how many there are."""
        query = self.select(CrawlPage).where(CrawlPage.source_id == source_id)
        query = query.where(CrawlPage.state == state) if state else query
        query = query.where(CrawlPage.code == code) if code else query
        query = query.where(CrawlPage.url.icontains(search, autoescape=True)) if search else query
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(CrawlPage.id).limit(limit).offset(offset))), total

    def queued(self, source_id: str) -> int:
        query = self.select(CrawlPage).where(CrawlPage.source_id == source_id, CrawlPage.state == PageState.QUEUED)
        return self.session.scalar(query.with_only_columns(func.count())) or 0

    def _sources(self) -> Select[CrawlSource]:
        """Without those that are on their way out, alone or with their collection."""
        living = select(Collection.id).where(Collection.deleted_at.is_(None))
        return self.select(CrawlSource).where(CrawlSource.collection_id.in_(living), CrawlSource.deleted_at.is_(None))


# system work across tenants


def due_sources(session: Session, now: datetime, limit: int) -> list[tuple[CrawlSource, Workspace]]:
    """Sources whose time has come, locked against other schedulers."""
    living = (Workspace.deleted_at.is_(None), Collection.deleted_at.is_(None))
    query = (
        select(CrawlSource, Workspace)
        .join(Workspace, Workspace.id == CrawlSource.workspace_id)
        .join(Collection, Collection.id == CrawlSource.collection_id)
        .where(CrawlSource.next_run_at <= now, *living)
        .order_by(CrawlSource.next_run_at)
        .limit(limit)
        .with_for_update(of=CrawlSource, key_share=True, skip_locked=True)
    )
    return [(source, workspace) for source, workspace in session.execute(query)]


def orphaned_runs(session: Session, limit: int = 50) -> list[CrawlRun]:
    """Runs whose worker's lease has lapsed, locked: the sweeper has taken the lease away."""
    from core.queue.leases import Lease

    held = select(Lease.id)
    query = select(CrawlRun).where(
        CrawlRun.state == RunState.RUNNING, CrawlRun.lease_id.is_not(None), CrawlRun.lease_id.not_in(held)
    )
    return list(session.scalars(query.limit(limit).with_for_update(skip_locked=True)))
