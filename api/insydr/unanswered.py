"""CONTRACT, Insydr row 7: what is asked most, and the work list of what was not answered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse

from api.fields import IfMatch, Limit, Offset
from api.insydr.analytics import CSV, EXPORTED, Wished, download
from api.insydr.surface import INSYDR
from api.insydr.unanswered_schemas import (
    NESTED,
    ItemDetailOut,
    ItemOut,
    ItemPatch,
    MergeIn,
    PhrasingsOut,
    QuestionOut,
    QuestionsOut,
    SplitIn,
    SplitOut,
    UnansweredOut,
    item_detail,
    item_out,
    phrasing_out,
    question_out,
    questions_out,
    unanswered_out,
)
from api.principal import Who
from api.state import State
from domain.analytics.days import Wish
from domain.changes import change_of
from domain.gaps.reasons import Reason
from domain.models import ClusterStatus
from domain.revision import etag
from domain.unanswered.repository import Item, ItemOrder, WantedItems
from domain.unanswered.service import ItemChange, UnansweredService, exported

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/analytics", tag="Analytics")


@dataclass(frozen=True, slots=True)
class Filters:
    """As they were given; a range only where one was."""

    wish: Wish
    wanted: WantedItems

    def within(self, service: UnansweredService) -> WantedItems:
        period = None if self.wish == Wish() else service.period(self.wish)
        return replace(self.wanted, period=period)


def filters_of(
    wish: Wished,
    status: ClusterStatus | None = None,
    assigned_to: Annotated[str | None, Query(max_length=64, description="A member's `user_id`.")] = None,
    text: Annotated[str | None, Query(min_length=1, max_length=200, description="Stands in the question.")] = None,
    reason: Annotated[Reason | None, Query(description="Why it is not answered.")] = None,
    order: Annotated[ItemOrder, Query(description="Among those of a status.")] = ItemOrder.OCCURRENCES,
) -> Filters:
    return Filters(wish, WantedItems(status, assigned_to, text, reason, order=order))


Filtered = Annotated[Filters, Depends(filters_of)]


@router.get("/questions")
def questions(who: Who, state: State, wish: Wished, limit: Limit = 50, offset: Offset = 0) -> QuestionsOut:
    with state.database.read() as session:
        found = UnansweredService(session, who).questions(wish, limit, offset)
    return questions_out(found)


@router.get("/questions/export", response_class=StreamingResponse, responses=CSV)
def export_questions(who: Who, state: State, wish: Wished) -> Response:
    with state.database.read() as session:
        found = UnansweredService(session, who).questions(wish, EXPORTED, 0)
    columns = tuple(QuestionOut.model_fields)
    rows = (question_out(one) for one in found.top)
    return download("questions", columns, ([getattr(row, name) for name in columns] for row in rows))


@router.get("/unanswered")
def unanswered(who: Who, state: State, filters: Filtered, limit: Limit = 50, offset: Offset = 0) -> UnansweredOut:
    with state.database.read() as session:
        service = UnansweredService(session, who)
        found = service.page(filters.within(service), limit, offset)
    return unanswered_out(found)


@router.get("/unanswered/export", response_class=StreamingResponse, responses=CSV)
def export_unanswered(who: Who, state: State, filters: Filtered) -> Response:
    with state.database.read() as session:
        wanted = filters.within(UnansweredService(session, who))
    columns = tuple(name for name in ItemOut.model_fields if name not in NESTED)
    return download("unanswered", columns, _rows(exported(state.database, who, wanted), columns))


@router.get("/unanswered/{unanswered_id}")
def get(unanswered_id: str, who: Who, state: State, response: Response) -> ItemDetailOut:
    with state.database.read() as session:
        service = UnansweredService(session, who)
        item, passages = service.get(unanswered_id), service.passages(unanswered_id)
    response.headers["ETag"] = etag(item.cluster)
    return item_detail(item, passages)


@router.patch("/unanswered/{unanswered_id}")
def patch(
    unanswered_id: str, body: ItemPatch, who: Who, state: State, response: Response, if_match: IfMatch = None
) -> ItemOut:
    change = change_of(ItemChange, body.given())
    with state.database.write() as session:
        item = UnansweredService(session, who).update(unanswered_id, change, if_match)
    response.headers["ETag"] = etag(item.cluster)
    return item_out(item)


@router.get("/unanswered/{unanswered_id}/phrasings")
def phrasings(unanswered_id: str, who: Who, state: State, limit: Limit = 50, offset: Offset = 0) -> PhrasingsOut:
    with state.database.read() as session:
        found, total = UnansweredService(session, who).phrasings(unanswered_id, limit, offset)
    return PhrasingsOut(phrasings=[phrasing_out(*one) for one in found], total=total)


@router.post("/unanswered/{unanswered_id}/merge")
def merge(
    unanswered_id: str, body: MergeIn, who: Who, state: State, response: Response, if_match: IfMatch = None
) -> ItemOut:
    with state.database.write() as session:
        item = UnansweredService(session, who).merge(unanswered_id, body.unanswered_ids, if_match)
    response.headers["ETag"] = etag(item.cluster)
    return item_out(item)


@router.post("/unanswered/{unanswered_id}/split")
def split(
    unanswered_id: str, body: SplitIn, who: Who, state: State, response: Response, if_match: IfMatch = None
) -> SplitOut:
    with state.database.write() as session:
        left, new = UnansweredService(session, who).split(unanswered_id, body.phrasing_ids, if_match)
    response.headers["ETag"] = etag(left.cluster)
    return SplitOut(unanswered=item_out(left), parted=item_out(new))


def _rows(pages: Iterator[list[Item]], columns: tuple[str, ...]) -> Iterator[list[Any]]:
    for page in pages:
        for row in map(item_out, page):
            yield [getattr(row, name) for name in columns]
