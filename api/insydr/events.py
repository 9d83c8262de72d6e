"""Progress as server-sent events: a document's or a job's state, each time it changes, until it has ended."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.insydr.crawl_schemas import CrawlOut, has_ended
from api.insydr.crawls import look
from api.insydr.document_schemas import DocumentOut
from api.insydr.jobs import JobOut
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import ApiState, State
from core.errors import InsydrError
from domain.documents.service import DocumentService
from domain.jobs.service import JobService
from domain.models import JobStatus, Status
from domain.principal import Principal

router = INSYDR.router("/api/v1/workspaces/{workspace_id}", tag="Progress")
POLL_S = 0.5
PING_EVERY = 30  # polls: a comment each 15 s keeps proxies from closing the stream
# not `response_class=EventSourceResponse`: FastAPI then takes the route itself for the generator of the events
_SSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events `progress`."}
}
Look = Callable[[], BaseModel]


@router.get("/documents/{document_id}/events", responses=_SSE, response_class=StreamingResponse)
async def document_events(document_id: str, who: Who, state: State) -> EventSourceResponse:
    return await _stream(lambda: _document(state, who, document_id), ended=_document_ended)


@router.get("/jobs/{job_id}/events", responses=_SSE, response_class=StreamingResponse)
async def job_events(job_id: str, who: Who, state: State) -> EventSourceResponse:
    return await _stream(lambda: _job(state, who, job_id), ended=_job_ended)


@router.get("/crawls/{crawl_id}/events", responses=_SSE, response_class=StreamingResponse)
async def crawl_events(crawl_id: str, who: Who, state: State) -> EventSourceResponse:
    return await _stream(lambda: look(state, who, crawl_id)[0], ended=_crawl_ended)


async def _stream(look: Look, *, ended: Callable[[BaseModel], bool]) -> EventSourceResponse:
    first = await run_in_threadpool(look)  # a missing one is a plain 404, before the stream starts
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(_events(look, first, ended), headers=headers)


async def _events(look: Look, now: BaseModel, ended: Callable[[BaseModel], bool]) -> AsyncIterator[bytes]:
    """Until `ended`; the response cancels it when the client goes away."""
    sent, polls = "", 0
    while True:
        text = now.model_dump_json()
        if text != sent:
            yield format_sse_event(event="progress", data_str=text)
            sent = text
        elif polls % PING_EVERY == 0:
            yield KEEPALIVE_COMMENT
        if ended(now):
            return
        await asyncio.sleep(POLL_S)
        try:
            polls, now = polls + 1, await run_in_threadpool(look)
        except InsydrError as error:  # deleted while somebody watched, or a part is down: said in the stream
            told = json.dumps({"detail": error.message, "code": error.code})
            yield format_sse_event(event="error", data_str=told)
            return


def _document(state: ApiState, who: Principal, document_id: str) -> DocumentOut:
    with state.database.read() as session:
        return DocumentOut.model_validate(DocumentService(session, who).get(document_id))


def _job(state: ApiState, who: Principal, job_id: str) -> BaseModel:
    with state.database.read() as session:
        return JobOut.model_validate(JobService(session, who).get(job_id))


def _document_ended(now: BaseModel) -> bool:
    return getattr(now, "status", None) != Status.PROCESSING


def _job_ended(now: BaseModel) -> bool:
    return getattr(now, "status", None) != JobStatus.PROCESSING


def _crawl_ended(now: BaseModel) -> bool:
    return isinstance(now, CrawlOut) and has_ended(now)
