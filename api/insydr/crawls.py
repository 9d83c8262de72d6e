"""CONTRACT, Insydr row 5: crawls of sites, their runs and pages."""

from typing import Annotated, Literal

from fastapi import Query, Response

from api.fields import IfMatch, Limit, Offset
from api.insydr.crawl_schemas import (
    ChangeList,
    ChangeOut,
    CrawlFields,
    CrawlList,
    CrawlOut,
    CrawlStarted,
    PageList,
    PageOut,
    PageRefreshIn,
    PreviewIn,
    PreviewOut,
    RunList,
    RunOut,
    UrlIn,
    crawl_out,
    preview_out,
    run_out,
    started,
)
from api.insydr.gap_schemas import DeletedOut, deleted_out
from api.insydr.surface import INSYDR
from api.pools import in_pool
from api.principal import Who
from api.state import ApiState, State
from core.errors import InvalidInput
from domain.changes import changed
from domain.crawls.options import checked_url
from domain.crawls.preview import preview
from domain.crawls.service import CrawlService
from domain.models import Change, CrawlRun, PageState
from domain.principal import Permission, Principal
from domain.revision import etag

router = INSYDR.router("/api/v1/workspaces/{workspace_id}", tag="Crawls")


@router.post("/documents/url", status_code=202)
def start(body: UrlIn, who: Who, state: State) -> CrawlStarted:
    who.require(Permission.DOCUMENTS_WRITE)
    state.web.check(checked_url(body.url))
    with state.database.write() as session:
        service = CrawlService(session, who, state.keys)
        run = service.start(body.url, body.collection_id, body.change()).run
        return started(run, service.jobs([run])[run.job_id])


@router.post("/crawls/preview")
@in_pool(lambda pools: pools.previews)
def dry_run(body: PreviewIn, who: Who, state: State) -> PreviewOut:
    change = body.change()
    with state.database.read() as session:
        url, options = CrawlService(session, who, state.keys).checked(body.url, change.options)
    state.web.check(url)
    return preview_out(preview(state.web, url, options, changed(change.credentials, None)))


@router.get("/crawls")
def page(
    who: Who,
    state: State,
    collection_id: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> CrawlList:
    with state.database.read() as session:
        service = CrawlService(session, who, state.keys)
        rows, total = service.page(collection_id, limit, offset)
        jobs = service.jobs([run for _, run in rows])
    return CrawlList(
        crawls=[crawl_out(row, run, jobs.get(run.job_id) if run else None) for row, run in rows], total=total
    )


@router.get("/crawls/{crawl_id}")
def get(crawl_id: str, who: Who, state: State, response: Response) -> CrawlOut:
    found, tag = look(state, who, crawl_id)
    response.headers["ETag"] = tag
    return found


@router.patch("/crawls/{crawl_id}")
def update(
    crawl_id: str, body: CrawlFields, who: Who, state: State, response: Response, if_match: IfMatch = None
) -> CrawlOut:
    with state.database.write() as session:
        CrawlService(session, who, state.keys).update(crawl_id, body.change(), if_match)
    found, tag = look(state, who, crawl_id, written=True)
    response.headers["ETag"] = tag
    return found


@router.delete("/crawls/{crawl_id}")
def delete(
    crawl_id: str,
    who: Who,
    state: State,
    documents: Annotated[Literal["delete", "keep"], Query(description="What the crawl brought.")] = "delete",
    if_match: IfMatch = None,
) -> DeletedOut:
    with state.database.write() as session:
        risk = CrawlService(session, who, state.keys).delete(crawl_id, if_match, keep_documents=documents == "keep")
    return deleted_out("Crawl deleted", risk)


@router.post("/crawls/{crawl_id}/run", status_code=202)
def run_now(crawl_id: str, who: Who, state: State) -> CrawlStarted:
    with state.database.write() as session:
        service = CrawlService(session, who, state.keys)
        run = service.run_now(crawl_id)
        return started(run, service.jobs([run])[run.job_id])


@router.post("/crawls/{crawl_id}/refresh", status_code=202)
def refresh(crawl_id: str, body: PageRefreshIn, who: Who, state: State) -> CrawlStarted:
    if (body.url is None) == (body.page_id is None):
        raise InvalidInput("Give url or page_id.", field="url")
    with state.database.write() as session:
        service = CrawlService(session, who, state.keys)
        run = service.refresh(crawl_id, body.url, body.page_id)
        return started(run, service.jobs([run])[run.job_id])


@router.post("/crawls/{crawl_id}/pause")
def pause(crawl_id: str, who: Who, state: State) -> RunOut:
    with state.database.write() as session:
        service = CrawlService(session, who, state.keys)
        return _run(service, service.pause(crawl_id))


@router.post("/crawls/{crawl_id}/resume")
def resume(crawl_id: str, who: Who, state: State) -> RunOut:
    with state.database.write() as session:
        service = CrawlService(session, who, state.keys)
        return _run(service, service.resume(crawl_id))


@router.post("/crawls/{crawl_id}/cancel")
def cancel(crawl_id: str, who: Who, state: State) -> RunOut:
    with state.database.write() as session:
        service = CrawlService(session, who, state.keys)
        return _run(service, service.cancel(crawl_id))


@router.get("/crawls/{crawl_id}/pages")
def pages(
    crawl_id: str,
    who: Who,
    state: State,
    page_state: Annotated[str | None, Query(alias="state", description="INDEXED, SKIPPED, FAILED, …")] = None,
    code: Annotated[str | None, Query(max_length=60, description="E.g. ROBOTS.")] = None,
    search: Annotated[str | None, Query(max_length=200, description="Part of the URL.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> PageList:
    wanted = _one_of(page_state, PageState, "state")
    with state.database.read() as session:
        rows, total = CrawlService(session, who, state.keys).pages(crawl_id, wanted, code, search, limit, offset)
    return PageList(pages=[PageOut.model_validate(row) for row in rows], total=total)


@router.get("/crawls/{crawl_id}/runs")
def runs(crawl_id: str, who: Who, state: State, limit: Limit = 50, offset: Offset = 0) -> RunList:
    with state.database.read() as session:
        service = CrawlService(session, who, state.keys)
        rows, total = service.runs(crawl_id, limit, offset)
        jobs = service.jobs(rows)
    return RunList(runs=[run_out(row, jobs.get(row.job_id)) for row in rows], total=total)


@router.get("/crawls/{crawl_id}/runs/{run_id}")
def run(crawl_id: str, run_id: str, who: Who, state: State) -> RunOut:
    with state.database.read() as session:
        service = CrawlService(session, who, state.keys)
        return _run(service, service.run(crawl_id, run_id))


@router.get("/crawls/{crawl_id}/runs/{run_id}/changes")
def changes(
    crawl_id: str,
    run_id: str,
    who: Who,
    state: State,
    change: Annotated[str | None, Query(description="NEW, CHANGED, GONE or FAILED.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> ChangeList:
    wanted = _one_of(change, Change, "change")
    with state.database.read() as session:
        rows, total = CrawlService(session, who, state.keys).changes(crawl_id, run_id, wanted, limit, offset)
    return ChangeList(changes=[ChangeOut.model_validate(row) for row in rows], total=total)


def look(state: ApiState, who: Principal, crawl_id: str, *, written: bool = False) -> tuple[CrawlOut, str]:
    """A crawl with its newest run, and its ETag. Who has just written it needs no further permission."""
    with state.database.read() as session:
        service = CrawlService(session, who, state.keys)
        source, newest = service.written(crawl_id) if written else service.get(crawl_id)
        jobs = service.jobs([newest])
        queued = service.queued(source.id)
        return crawl_out(source, newest, jobs.get(newest.job_id) if newest else None, queued), etag(source)


def _run(service: CrawlService, row: CrawlRun) -> RunOut:
    return run_out(row, service.jobs([row]).get(row.job_id), service.queued(row.source_id))


def _one_of(value: str | None, names: type[PageState] | type[Change], field: str) -> str | None:
    if value is None or value.upper() in set(names):
        return value and value.upper()
    raise InvalidInput(f"{field} must be one of {', '.join(names)}.", field=field)
