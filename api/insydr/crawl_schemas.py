"""Crawls on the wire (seed section 5; CONTRACT row 5)."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.fields import IdText, Input, Output, Text
from api.insydr.jobs import JobOut
from domain.crawls.options import CrawlOptions
from domain.crawls.preview import Preview
from domain.crawls.service import SourceChange
from domain.models import CrawlRun, CrawlSource, Job, RunState

Secrets = dict[str, Any]


class CrawlFields(Input):
    """What a crawl can be told; what is left out keeps its value, or takes the default."""

    max_pages: int | None = Field(None, description="Pages with content; default 500, or the plan's limit.")
    max_depth: int | None = Field(None, description="Links away from the start; default 20.")
    include_patterns: list[Text] | None = Field(
        None, description="Only these: globs over the path (`/docs/*`) or the URL."
    )
    exclude_patterns: list[Text] | None = Field(None, description="Not these: globs over the path or the URL.")
    subdomains: bool | None = Field(None, description="Crawl hosts below the start's host, too; default false.")
    sitemaps: bool | None = Field(None, description="Read sitemaps and feeds; default true.")
    render: bool | None = Field(None, description="Render pages that need JavaScript; default false.")
    max_rate: float | None = Field(None, description="Requests a second and host, below the installation's limit.")
    schedule: Text | None = Field(None, max_length=100, description="Crawl again by a cron line, e.g. `0 3 * * 1`.")
    every_hours: float | None = Field(None, ge=1, le=8_760, description="Crawl again so often, instead of schedule.")
    credentials: Secrets | None = Field(
        None, description="username, password, headers, cookies: stored encrypted, sent to the site alone, never shown."
    )

    def change(self) -> SourceChange:
        """Null keeps an option; it ends schedule, every_hours and credentials."""
        given = self.given()
        options = {name: given[name] for name in CrawlOptions.model_fields if given.get(name) is not None}
        kept = {name: given[name] for name in ("schedule", "every_hours", "credentials") if name in given}
        return SourceChange(options, **kept)


class UrlIn(CrawlFields):
    url: Text = Field(max_length=4_096, description="Where the crawl begins, http or https.")
    collection_id: IdText


class PreviewIn(CrawlFields):
    url: Text = Field(max_length=4_096)


class PageRefreshIn(Input):
    """One of both."""

    url: Text | None = Field(None, max_length=4_096)
    page_id: IdText | None = None


class CrawlStarted(JobOut):
    """The crawl's job; `id` is the job's."""

    job_id: str
    crawl_id: str
    run_id: str
    message: str = "Crawl queued"


class RunOut(BaseModel):
    id: str
    job_id: str
    page_id: str | None = Field(description="Of a refresh: the one page.")
    state: str = Field(description="QUEUED, RUNNING, PAUSED, COMPLETED, FAILED or CANCELLED.")
    found: int = Field(description="URLs listed in this run.")
    fetched: int = Field(description="Answers of the site, 304 included.")
    new: int
    changed: int
    unchanged: int
    gone: int = Field(description="Pages that are removed from answers.")
    redirected: int
    skipped: int
    failed: int
    broken_links: int
    skipped_by: dict[str, int] = Field(description="Why: ROBOTS, NOINDEX, DUPLICATE, NEEDS_JAVASCRIPT, …")
    queued: int | None = Field(None, description="URLs to visit; while the run is open.")
    rate_per_min: float | None = Field(None, description="Visits a minute.")
    estimate_s: float | None = Field(None, description="Until the known URLs are visited.")
    indexed: int = Field(description="Documents of this run that are searchable.")
    index_failed: int
    error_code: str | None
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class CrawlOut(BaseModel):
    id: str
    url: str
    site: str = Field(description="The start, or where it redirects to.")
    collection_id: str
    max_pages: int
    max_depth: int
    include_patterns: list[str]
    exclude_patterns: list[str]
    subdomains: bool
    sitemaps: bool
    render: bool
    max_rate: float | None
    schedule: str | None
    every_hours: float | None
    next_run_at: datetime | None
    has_credentials: bool
    last_run: RunOut | None
    created_at: datetime
    updated_at: datetime


class CrawlList(BaseModel):
    crawls: list[CrawlOut]
    total: int


class RunList(BaseModel):
    runs: list[RunOut]
    total: int


class PageOut(Output):
    id: str
    url: str
    state: str = Field(description="QUEUED, INDEXED, READ, REDIRECTED, SKIPPED, MISSING, GONE or FAILED.")
    code: str | None
    reason: str | None
    http_status: int | None
    target: str | None = Field(description="Of a redirect, a canonical link or a copy: the other page.")
    via: str
    depth: int
    document_id: str | None
    visited_at: datetime | None
    fetched_at: datetime | None


class PageList(BaseModel):
    pages: list[PageOut]
    total: int


class ChangeOut(Output):
    url: str
    change: str = Field(description="NEW, CHANGED, GONE or FAILED.")
    code: str | None
    reason: str | None
    document_id: str | None


class ChangeList(BaseModel):
    changes: list[ChangeOut]
    total: int


class PreviewedPageOut(Output):
    url: str
    action: str = Field(description="FETCH, SKIP or FAIL.")
    depth: int
    code: str | None
    reason: str | None


class PreviewOut(BaseModel):
    pages: list[PreviewedPageOut]
    total: int
    would_fetch: int
    is_complete: bool = Field(description="False: there is more behind what is listed.")


def started(run: CrawlRun, job: Job) -> CrawlStarted:
    return CrawlStarted(**JobOut.model_validate(job).model_dump(), job_id=job.id, crawl_id=run.source_id, run_id=run.id)


def crawl_out(source: CrawlSource, run: CrawlRun | None, job: Job | None, queued: int | None = None) -> CrawlOut:
    same = {name: getattr(source, name) for name in CrawlOut.model_fields if hasattr(source, name)}
    last = None if run is None else run_out(run, job, queued)
    return CrawlOut(**same, **source.options, has_credentials=source.sealed is not None, last_run=last)


def run_out(run: CrawlRun, job: Job | None, queued: int | None = None) -> RunOut:
    same = {name: getattr(run, name) for name in RunOut.model_fields if hasattr(run, name) and name != "skipped"}
    names = ("found", "new", "changed", "unchanged", "gone", "redirected", "skipped", "failed")
    counts = {name: run.counts.get(name, 0) for name in names}
    visited = run.counts.get("visited", 0)
    rate = visited / run.worked_s if run.worked_s > 0.5 and visited else None
    is_open = run.finished_at is None
    return RunOut(
        **same, **counts, fetched=visited, broken_links=run.counts.get("broken", 0), skipped_by=run.skipped,
        queued=queued if is_open else None,
        rate_per_min=None if rate is None else round(60 * rate, 1),
        estimate_s=round(queued / rate, 1) if is_open and rate and queued is not None else None,
        indexed=job.completed if job else 0, index_failed=job.failed if job else 0,
    )  # fmt: skip


def preview_out(found: Preview) -> PreviewOut:
    pages = [PreviewedPageOut.model_validate(page) for page in found.pages]
    fetched = sum(page.action == "FETCH" for page in pages)
    return PreviewOut(pages=pages, total=len(pages), would_fetch=fetched, is_complete=found.is_complete)


def is_moving(crawl: CrawlOut) -> bool:
    """Whether its state will change by itself."""
    run = crawl.last_run
    return run is not None and run.state in (RunState.QUEUED, RunState.RUNNING)
