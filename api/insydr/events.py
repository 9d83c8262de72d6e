"""Progress as server-sent events: a document's, a job's or a crawl's state, each time it changes, until it has ended.

A stream ends with what it tells of, with the credentials that opened it, and when a crawl is paused.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.insydr.crawl_schemas import CrawlOut, crawl_out, is_moving
from api.insydr.document_schemas import DocumentOut
from api.insydr.jobs import JobOut
from api.insydr.surface import INSYDR
from api.principal import Token, Who, resolved
from api.progress import Look, Seen
from api.state import ApiState, State
from core.errors import InsydrError
from domain.crawls.service import CrawlService
from domain.documents.intake import ON_THE_WAY
from domain.documents.service import DocumentService
from domain.jobs.service import JobService
from domain.models import JobStatus
from domain.principal import Principal
from domain.progress import repository as progress

router = INSYDR.router("/api/v1/workspaces/{workspace_id}", tag="Progress")
PING_S = 15.0  # a comment keeps proxies from closing the stream
CHECK_S = 5.0  # credentials that ended, end their streams so soon
Check = Callable[[], object]  # raises for credentials that do not hold any more


def _described(of: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """A stream has no schema of its own in OpenAPI 3.1: it is text, and its events are told in words."""
    told = (
        f"Events `progress`, the data of each a `{of.__name__}` as JSON; `error` before the end when something failed."
    )
    return {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": told}}


def _check(workspace_id: str, request: Request, state: State, token: Token) -> Check:
    return lambda: resolved(request, state, token, workspace_id)


StillHolds = Annotated[Check, Depends(_check)]


# not `response_class=EventSourceResponse`: FastAPI then takes the route itself for the generator of the events
@router.get("/documents/{document_id}/events", responses=_described(DocumentOut), response_class=StreamingResponse)
async def document_events(document_id: str, who: Who, state: State, check: StillHolds) -> EventSourceResponse:
    await run_in_threadpool(_document, state, who, document_id)
    return _stream(state, who, check, _documents, document_id)


@router.get("/jobs/{job_id}/events", responses=_described(JobOut), response_class=StreamingResponse)
async def job_events(job_id: str, who: Who, state: State, check: StillHolds) -> EventSourceResponse:
    await run_in_threadpool(_job, state, who, job_id)
    return _stream(state, who, check, _jobs, job_id)


@router.get("/crawls/{crawl_id}/events", responses=_described(CrawlOut), response_class=StreamingResponse)
async def crawl_events(crawl_id: str, who: Who, state: State, check: StillHolds) -> EventSourceResponse:
    await run_in_threadpool(_crawl, state, who, crawl_id)
    return _stream(state, who, check, _crawls, crawl_id)


def _stream(state: ApiState, who: Principal, check: Check, look: Look, watched_id: str) -> EventSourceResponse:
    holder = who.key_id or who.user_id
    state.progress.check_limit(holder)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(_events(state, holder, check, look, watched_id), headers=headers)


async def _events(state: ApiState, holder: str, check: Check, look: Look, watched_id: str) -> AsyncIterator[bytes]:
    """Until what is watched has ended; the response cancels it when the client goes away."""
    with state.progress.stream(holder):
        told = checked = time.monotonic()
        try:
            async for seen in state.progress.states(state.database, look, watched_id, every_s=CHECK_S):
                now = time.monotonic()
                if now - checked >= CHECK_S:
                    await run_in_threadpool(check)
                    checked = now
                if seen is not None:
                    yield format_sse_event(event="progress", data_str=seen.text)
                    told = now
                elif now - told >= PING_S:
                    yield KEEPALIVE_COMMENT
                    told = now
        except InsydrError as error:  # deleted or logged out meanwhile, or a part is down: said in the stream
            data = json.dumps({"detail": error.message, "code": error.code})
            yield format_sse_event(event="error", data_str=data)


def _document(state: ApiState, who: Principal, document_id: str) -> None:
    """A missing one is a plain 404, before the stream starts; so are the next two."""
    with state.database.read() as session:
        DocumentService(session, who).get(document_id)


def _job(state: ApiState, who: Principal, job_id: str) -> None:
    with state.database.read() as session:
        JobService(session, who).get(job_id)


def _crawl(state: ApiState, who: Principal, crawl_id: str) -> None:
    with state.database.read() as session:
        CrawlService(session, who, state.keys).get(crawl_id)


def _documents(session: Session, ids: Sequence[str]) -> dict[str, Seen]:
    found = progress.documents(session, ids)
    return {key: _seen(DocumentOut.model_validate(row), row.status not in ON_THE_WAY) for key, row in found.items()}


def _jobs(session: Session, ids: Sequence[str]) -> dict[str, Seen]:
    found = progress.jobs(session, ids)
    return {key: _seen(JobOut.model_validate(row), row.status != JobStatus.PROCESSING) for key, row in found.items()}


def _crawls(session: Session, ids: Sequence[str]) -> dict[str, Seen]:
    states = progress.crawls(session, ids).items()
    crawls = {key: crawl_out(one.source, one.run, one.job, one.queued) for key, one in states}
    return {key: _seen(crawl, not is_moving(crawl)) for key, crawl in crawls.items()}


def _seen(body: BaseModel, ended: bool) -> Seen:
    return Seen(body.model_dump_json(), ended)
