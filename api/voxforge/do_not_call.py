"""VoxForge: numbers that nobody calls (ours)."""

from datetime import datetime

from pydantic import Field

from api.fields import CamelInput, CamelOutput, Limit, Offset, ShortText
from api.principal import KeyWho
from api.state import State
from api.voxforge.surface import VOXFORGE
from domain.calls.do_not_call import DoNotCallList

router = VOXFORGE.router("/api/v1/calls/do-not-call", tag="Calls")


class ListedIn(CamelInput):
    number: ShortText
    do_not_call: bool = Field(True, description="false: they have agreed to calls since.")


class ListedOut(CamelOutput):
    number: str = Field(description="E.164.")
    do_not_call: bool
    call_id: str | None = Field(description="In which they said so.")
    created_at: datetime | None


class ListedList(CamelOutput):
    numbers: list[ListedOut]
    total: int
    limit: int
    offset: int


@router.get("")
def numbers_that_nobody_calls(who: KeyWho, state: State, limit: Limit = 50, offset: Offset = 0) -> ListedList:
    """By number."""
    with state.database.read() as session:
        rows, total = DoNotCallList(session, who).page(limit, offset)
    found = [
        ListedOut(number=row.number, do_not_call=True, call_id=row.call_id, created_at=row.created_at) for row in rows
    ]
    return ListedList(numbers=found, total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
def list_a_number(body: ListedIn, who: KeyWho, state: State) -> ListedOut:
    """No agent and no campaign of the workspace calls a number that is listed."""
    with state.database.write() as session:
        number, row = DoNotCallList(session, who).put(body.number, listed=body.do_not_call)
    call_id, since = (row.call_id, row.created_at) if row else (None, None)
    return ListedOut(number=number, do_not_call=row is not None, call_id=call_id, created_at=since)
