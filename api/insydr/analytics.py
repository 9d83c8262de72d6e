"""CONTRACT, Insydr row 7: what was asked and how it went, over days of the workspace's zone."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse

from api.csv_rows import MEDIA_TYPE, csv_rows
from api.insydr.analytics_schemas import ActivityOut, DayOut, OverviewOut, activity_out, overview_out
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.analytics.days import MOST_DAYS, USUAL_DAYS, Wish
from domain.analytics.repository import Slice
from domain.analytics.service import AnalyticsService
from domain.models import Channel

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/analytics", tag="Analytics")
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


def download(name: str, columns: tuple[str, ...], rows: Iterator[list[Any]]) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(csv_rows(columns, rows), media_type=MEDIA_TYPE, headers=headers)
