"""CONTRACT, Insydr row 7: what was asked and how it went, over days of the workspace's zone."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse

from api.csv_rows import MEDIA_TYPE, csv_rows
from api.fields import Limit, Offset
from api.insydr.analytics_schemas import (
    ActivityOut,
    CollectionUseList,
    DayOut,
    DocumentUseList,
    DocumentUseOut,
    OverviewOut,
    activity_out,
    collection_use_out,
    document_use_out,
    overview_out,
    period_out,
)
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.analytics.days import MOST_DAYS, USUAL_DAYS, Wish
from domain.analytics.repository import Slice
from domain.analytics.service import AnalyticsService
from domain.analytics.use_repository import UseFilter, UseOrder
from domain.models import Channel

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/analytics", tag="Analytics")
EXPORTED = 10_000  # rows of a CSV
CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A line a row, cells as text."}
}


def wished(
    days: Annotated[
        int | None,
        Query(ge=1, le=MOST_DAYS, description=f"The last days, today among them: 7, 30, 90 … (usually {USUAL_DAYS})."),
    ] = None,
    first: Annotated[date | None, Query(alias="from", description="First day, of the workspace's zone.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Last day; without it today.")] = None,
) -> Wish:
    return Wish(days, first, last)


def part_of(agent_id: Annotated[str | None, Query(max_length=64)] = None, channel: Channel | None = None) -> Slice:
    return Slice(agent_id, channel)


def use_of(
    collection_id: Annotated[str | None, Query(max_length=64)] = None,
    used: Annotated[bool | None, Query(description="false: those that no answer of the period cited.")] = None,
    order: Annotated[UseOrder, Query(description="The most first.")] = UseOrder.CITED,
) -> UseFilter:
    return UseFilter(collection_id, used, order)


Use = Annotated[UseFilter, Depends(use_of)]
Wished = Annotated[Wish, Depends(wished)]
Part = Annotated[Slice, Depends(part_of)]


@router.get("/overview")
def overview(who: Who, state: State, wish: Wished, part: Part) -> OverviewOut:
    with state.database.read() as session:
        found = AnalyticsService(session, who).overview(wish, part)
    return overview_out(found)


@router.get("/conversations")
def conversations(who: Who, state: State, wish: Wished, part: Part) -> ActivityOut:
    with state.database.read() as session:
        found = AnalyticsService(session, who).activity(wish, part)
    return activity_out(found)


@router.get("/conversations/export", response_class=StreamingResponse, responses=CSV)
def export_conversations(who: Who, state: State, wish: Wished, part: Part) -> Response:
    with state.database.read() as session:
        found = activity_out(AnalyticsService(session, who).activity(wish, part))
    columns = tuple(DayOut.model_fields)
    return download("conversations", columns, ([getattr(day, name) for name in columns] for day in found.daily_data))


@router.get("/documents")
def documents(
    who: Who, state: State, wish: Wished, wanted: Use, limit: Limit = 50, offset: Offset = 0
) -> DocumentUseList:
    with state.database.read() as session:
        found = AnalyticsService(session, who).documents(wish, wanted, limit, offset)
    rows = [document_use_out(one) for one in found.rows]
    return DocumentUseList(period=period_out(found.period), documents=rows, total=found.total)


@router.get("/documents/export", response_class=StreamingResponse, responses=CSV)
def export_documents(who: Who, state: State, wish: Wished, wanted: Use) -> Response:
    with state.database.read() as session:
        found = AnalyticsService(session, who).documents(wish, wanted, EXPORTED, 0)
    columns = tuple(DocumentUseOut.model_fields)
    rows = (document_use_out(one) for one in found.rows)
    return download("documents", columns, ([getattr(row, name) for name in columns] for row in rows))


@router.get("/collections")
def collections(who: Who, state: State, wish: Wished, limit: Limit = 50, offset: Offset = 0) -> CollectionUseList:
    with state.database.read() as session:
        found = AnalyticsService(session, who).collections(wish, limit, offset)
    rows = [collection_use_out(one) for one in found.rows]
    return CollectionUseList(period=period_out(found.period), collections=rows, total=found.total)


def download(name: str, columns: tuple[str, ...], rows: Iterator[list[Any]]) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(csv_rows(columns, rows), media_type=MEDIA_TYPE, headers=headers)
