"""Crawl sources and their runs, as people and programs ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.crypto import Keyring
from core.errors import Conflict, NotFound
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import audit_change, done
from domain.changes import UNSET, Unset, changed
from domain.collections.service import require_collections
from domain.crawls.credentials import checked_credentials, seal
from domain.crawls.jobs import CRAWL, PURGE_CRAWL
from domain.crawls.options import checked_options, checked_schedule, checked_url, next_time
from domain.crawls.removal import remove_page
from domain.crawls.repository import CrawlRepository, key_of
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.gaps.risk_repository import NOTHING, AtRisk, at_risk, of_crawl
from domain.jobs.cancelling import stop_all
from domain.jobs.repository import JobRepository, close
from domain.models import (
    CrawlChange,
    CrawlPage,
    CrawlRun,
    CrawlSource,
    Job,
    JobKind,
    JobStatus,
    RunState,
    Workspace,
)
from domain.principal import Permission, Principal
from domain.revision import check_match
from domain.workspaces.repository import WorkspaceRepository

ENDED = {
    RunState.COMPLETED: EventType.CRAWL_COMPLETED,
    RunState.FAILED: EventType.CRAWL_FAILED,
    RunState.CANCELLED: EventType.CRAWL_CANCELLED,
}


@dataclass(frozen=True, slots=True)
class SourceChange:
    """`options` are those of `CrawlOptions` that change. Of the two times a change of one ends the other."""

    options: dict[str, Any] = field(default_factory=dict)
    schedule: str | Unset | None = UNSET
    every_hours: float | Unset | None = UNSET
    credentials: dict[str, Any] | Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class Started:
    source: CrawlSource
    run: CrawlRun


class CrawlService:
    def __init__(self, session: Session, who: Principal, keys: Keyring) -> None:
        self._session, self._who, self._keys = session, who, keys
        self._crawls = CrawlRepository(session, who)

    def start(self, url: str, collection_id: str, change: SourceChange) -> Started:
        """Crawl a site into a collection; a site that it has already is crawled again, with the given changes.

        Raises `Conflict` while a crawl of it runs.
        """
        self._who.require(Permission.DOCUMENTS_WRITE)
        require_collections(self._session, self._who, [collection_id], "collection_id")
        start = checked_url(url)
        source = self._crawls.by_url(collection_id, start)
        if source is None:
            source = self._new(start, collection_id)
        else:
            self._require_idle(source)
            source.revision += 1
        self._set(source, change)
        self._session.add(source)
        self._session.flush()
        return Started(source, self._begun(source))

    def get(self, source_id: str) -> tuple[CrawlSource, CrawlRun | None]:
        """The source and its newest run."""
        self._who.require(Permission.DOCUMENTS_READ)
        return self.written(source_id)

    def written(self, source_id: str) -> tuple[CrawlSource, CrawlRun | None]:
        """As `get`, of a source that the caller has just written: no further permission is needed."""
        source = self._existing(source_id)
        return source, self._crawls.newest_runs([source.id]).get(source.id)

    def page(
        self, collection_id: str | None, limit: int, offset: int
    ) -> tuple[list[tuple[CrawlSource, CrawlRun | None]], int]:
        self._who.require(Permission.DOCUMENTS_READ)
        if collection_id:
            require_collections(self._session, self._who, [collection_id], "collection_id")
        rows, total = self._crawls.page(collection_id, limit, offset)
        newest = self._crawls.newest_runs([row.id for row in rows])
        return [(row, newest.get(row.id)) for row in rows], total

    def update(self, source_id: str, change: SourceChange, if_match: str | None) -> CrawlSource:
        """Options hold from the next run on; the schedule at once."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        source = self._existing(source_id, lock=True)
        check_match(source, if_match)
        before = facts(source)
        self._set(source, change)
        source.revision += 1
        audit_change(self._session, self._who, Action.CRAWL_UPDATED, source, before)
        return source

    def delete(self, source_id: str, if_match: str | None, *, keep_documents: bool = False) -> AtRisk:
        """The source, its page list and, unless they are kept, the documents that it brought: out of sight at once; a
        job removes what is more than a page."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        source = self._existing(source_id, lock=True)
        check_match(source, if_match)
        risk = at_risk(self._session, source.workspace_id, of_crawl(source.id)) if not keep_documents else NOTHING
        run = self._crawls.open_run(source.id)
        if run is not None:
            end(self._session, run, RunState.CANCELLED, keeps_documents=keep_documents)
        done(self._session, self._who, Action.CRAWL_DELETED, source, keep_documents=keep_documents)
        source.deleted_at, source.keeps_documents, source.next_run_at = utc_now(), keep_documents, None
        source.key = source.id  # the site may be crawled again at once
        if remove_page(self._session, source):
            enqueue(self._session, PURGE_CRAWL, source_id=source.id)
        return risk

    def run_now(self, source_id: str) -> CrawlRun:
        self._who.require(Permission.DOCUMENTS_WRITE)
        source = self._existing(source_id, lock=True)
        self._require_idle(source)
        return self._begun(source)

    def refresh(self, source_id: str, url: str | None, page_id: str | None) -> CrawlRun:
        """Fetch one page of the site again, whatever its validators say."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        source = self._existing(source_id, lock=True)
        self._require_idle(source)
        page = self._crawls.known_page(source.id, page_id) if page_id else None
        if page is None and url is not None:
            page = self._crawls.page_at(source.id, checked_url(url))
        if page is None:
            raise NotFound(
                "The crawl knows no such page. Run it, or start one at this URL.",
                code="PAGE_NOT_FOUND",
                field="page_id" if page_id else "url",
            )
        done(self._session, self._who, Action.CRAWL_REFRESHED, source, page=page.url)
        return begin(self._session, source, None, page_id=page.id)

    def pause(self, source_id: str) -> CrawlRun:
        """Stop fetching; what is under way is kept, the list of URLs too."""
        source, run = self._open(source_id)
        if run.state == RunState.PAUSED:
            raise Conflict("The crawl is paused already.", code="CRAWL_PAUSED")
        run.state = RunState.PAUSED
        done(self._session, self._who, Action.CRAWL_PAUSED, source)
        return run

    def resume(self, source_id: str) -> CrawlRun:
        source, run = self._open(source_id)
        if run.state != RunState.PAUSED:
            raise Conflict("The crawl is not paused.", code="CRAWL_RUNNING")
        run.state = RunState.QUEUED if run.slices == 0 else RunState.RUNNING
        enqueue(self._session, CRAWL, workspace_id=run.workspace_id, run_id=run.id)
        done(self._session, self._who, Action.CRAWL_RESUMED, source)
        return run

    def cancel(self, source_id: str) -> CrawlRun:
        """Stop for good; what is searchable stays, what waits to become so is dropped."""
        source, run = self._open(source_id)
        cancel_run(self._session, run)
        done(self._session, self._who, Action.CRAWL_CANCELLED, source)
        return run

    def run(self, source_id: str, run_id: str) -> CrawlRun:
        self._who.require(Permission.DOCUMENTS_READ)
        run = self._crawls.run(self._existing(source_id).id, run_id)
        if run is None:
            raise NotFound("The crawl has no such run.", code="RUN_NOT_FOUND")
        return run

    def runs(self, source_id: str, limit: int, offset: int) -> tuple[list[CrawlRun], int]:
        self._who.require(Permission.DOCUMENTS_READ)
        return self._crawls.runs(self._existing(source_id).id, limit, offset)

    def changes(
        self, source_id: str, run_id: str, change: str | None, limit: int, offset: int
    ) -> tuple[list[CrawlChange], int]:
        return self._crawls.changes(self.run(source_id, run_id).id, change, limit, offset)

    def pages(
        self, source_id: str, state: str | None, code: str | None, search: str | None, limit: int, offset: int
    ) -> tuple[list[CrawlPage], int]:
        self._who.require(Permission.DOCUMENTS_READ)
        return self._crawls.pages(self._existing(source_id).id, state, code, search, limit, offset)

    def queued(self, source_id: str) -> int:
        """URLs that wait to be visited, of a source that the caller holds already."""
        return self._crawls.queued(source_id)

    def jobs(self, runs: Sequence[CrawlRun | None]) -> dict[str, Job]:
        """The jobs of runs, by their ids."""
        return JobRepository(self._session, self._who).by_ids([run.job_id for run in runs if run is not None])

    def checked(self, url: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """A start URL in normal form, and complete options, for a dry run."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        return checked_url(url), checked_options({}, options, self._workspace().plan).model_dump()

    def _new(self, start: str, collection_id: str) -> CrawlSource:
        return CrawlSource(
            id=new_id(Prefix.CRAWL), workspace_id=self._who.workspace_id, collection_id=collection_id,
            key=key_of(start), url=start, site=start, options={}, created_by=self._who.user_id, updated_at=utc_now(),
            revision=1,
        )  # fmt: skip

    def _set(self, source: CrawlSource, change: SourceChange) -> None:
        workspace = self._workspace()
        source.options = checked_options(source.options, change.options, workspace.plan).model_dump()
        given = change.credentials
        if given is not UNSET:
            source.sealed = None if given is None else seal(self._keys, source.id, checked_credentials(given))
        if change.schedule is not UNSET or change.every_hours is not UNSET:
            source.schedule, source.every_hours = changed(change.schedule, None), changed(change.every_hours, None)
            checked_schedule(source.schedule, source.every_hours)
            source.next_run_at = next_run(source, workspace, utc_now())
        source.updated_at = utc_now()

    def _begun(self, source: CrawlSource) -> CrawlRun:
        run = begin(self._session, source, self._workspace())
        done(self._session, self._who, Action.CRAWL_STARTED, source, run_id=run.id, options=source.options)
        return run

    def _open(self, source_id: str) -> tuple[CrawlSource, CrawlRun]:
        self._who.require(Permission.DOCUMENTS_WRITE)
        source = self._existing(source_id, lock=True)
        run = self._crawls.open_run(source.id)
        if run is None:
            raise Conflict("No crawl of this site is running.", code="CRAWL_NOT_RUNNING")
        return source, run

    def _require_idle(self, source: CrawlSource) -> None:
        run = self._crawls.open_run(source.id)
        if run is not None:
            raise Conflict(
                "A crawl of this site is running already. Wait for it, or cancel it first.",
                code="CRAWL_RUNNING", field="url", details={"crawl_id": source.id, "job_id": run.job_id},
            )  # fmt: skip

    def _workspace(self) -> Workspace:
        workspace = WorkspaceRepository(self._session).get(self._who.workspace_id)
        if workspace is None:
            raise NotFound("There is no such workspace.", code="WORKSPACE_NOT_FOUND")
        return workspace

    def _existing(self, source_id: str, *, lock: bool = False) -> CrawlSource:
        source = self._crawls.get(source_id, lock=lock)
        if source is None:
            raise NotFound("There is no such crawl in this workspace.", code="CRAWL_NOT_FOUND")
        return source


def begin(
    session: Session, source: CrawlSource, workspace: Workspace | None, *, page_id: str | None = None
) -> CrawlRun:
    """A run and its job; with `workspace` the time of the next one is set."""
    job = Job(
        id=new_id(Prefix.JOB), workspace_id=source.workspace_id, collection_id=source.collection_id,
        kind=JobKind.CRAWL, open=True, errors=[],
    )  # fmt: skip
    run = CrawlRun(
        id=new_id(Prefix.RUN), workspace_id=source.workspace_id, source_id=source.id, job_id=job.id, page_id=page_id,
        state=RunState.QUEUED, counts={}, skipped={}, slices=0, pages=0, worked_s=0.0,
    )  # fmt: skip
    session.add_all([job, run])
    session.flush()
    if workspace is not None:
        source.next_run_at = next_run(source, workspace, utc_now())
    enqueue(session, CRAWL, workspace_id=run.workspace_id, run_id=run.id)
    return run


def end(
    session: Session,
    run: CrawlRun,
    state: RunState,
    code: str | None = None,
    message: str | None = None,
    *,
    keeps_documents: bool = False,
) -> None:
    """The run is over; its job ends when the documents that it brought have. With `keeps_documents` these go on, though
    the run is cancelled: nothing of a cancelled job is begun."""
    run.state, run.error_code, run.error_message = state, code, message
    run.finished_at, run.lease_id = utc_now(), None
    is_bad = state in (RunState.CANCELLED, RunState.FAILED) and not keeps_documents
    status = JobStatus(state) if is_bad else JobStatus.COMPLETED
    report = {"crawl_id": run.source_id, "run_id": run.id, "pages": run.counts, "skipped": run.skipped}
    close(session, run.job_id, status, report, {"code": code, "message": message} if code else None)
    data = {"crawl_id": run.source_id, "run_id": run.id, "job_id": run.job_id, "pages": run.counts, "code": code}
    record(session, Event(ENDED[state], run.workspace_id, data))


def cancel_run(session: Session, run: CrawlRun) -> None:
    """For good; what is searchable stays, what waits to become so is dropped."""
    stop_all(session, run.job_id)
    end(session, run, RunState.CANCELLED)


def next_run(source: CrawlSource, workspace: Workspace, after: datetime) -> datetime | None:
    """By the workspace's wall clock; None without a schedule."""
    if source.every_hours is not None:
        return after + timedelta(hours=source.every_hours)
    if source.schedule is not None:
        return next_time(source.schedule, after, ZoneInfo(workspace.timezone))
    return None
