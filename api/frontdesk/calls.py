"""FrontDesk 3.1: calls."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query
from pydantic import AliasChoices, BaseModel, Field

from api.call_fields import CallSandbox, TurnOut
from api.fields import FromText, IdText, Input, JsonObject, Limit, Offset, ShortText
from api.frontdesk.surface import FRONTDESK
from api.principal import KeyWho
from api.spans import MadeFrom, MadeUntil
from api.state import State
from domain.calls.analysis import transcript
from domain.calls.repository import Wanted
from domain.calls.service import CallService, NewCall
from domain.models import Call, CallReason, CallStatus, Direction

router = FRONTDESK.router("/api/calls", tag="Calls")
CallId = Annotated[str, Path(alias="callId")]
WireStatus = Literal["initiated", "ringing", "in-progress", "completed", "failed", "no-answer", "busy"]
# reasons that are states of their own here
_REASONS = {CallReason.NO_ANSWER: "no-answer", CallReason.BUSY: "busy"}
_NAMES = {CallStatus.QUEUED: "initiated"}


class CallIn(Input):
    to_number: ShortText | None = Field(None, validation_alias=AliasChoices("to_number", "to", "toNumber"))
    from_number: ShortText | None = Field(None, validation_alias=AliasChoices("from_number", "from", "fromNumber"))
    agent_id: IdText | None = Field(
        None, validation_alias=AliasChoices("agent_id", "agentId"),
        description="Without it the workspace's only published agent, where there is one.",
    )  # fmt: skip
    customer_id: IdText | None = Field(
        None, validation_alias=AliasChoices("customer_id", "customerId", "lead_id", "leadId"),
        description="The lead, whose number is called without a to_number.",
    )  # fmt: skip
    direction: Annotated[Direction, FromText] = Field(
        Direction.OUTBOUND, description="inbound plays a call that comes in, in the sandbox."
    )
    metadata: JsonObject = {}
    sandbox: CallSandbox | None = None


class CallOut(BaseModel):
    id: str
    agent_id: str | None
    customer_id: str | None
    campaign_id: str | None
    direction: str
    from_number: str
    to_number: str
    status: str = Field(description="initiated, ringing, in-progress, completed, failed, no-answer or busy.")
    reason: str | None = Field(description="Why it failed: voicemail, invalid-number, error …")
    duration: int | None = Field(description="Seconds.")
    cost: float | None = Field(description="In US dollars.")
    recording_url: str | None
    transcript: str | None
    summary: str | None
    sentiment: str | None
    analysis: dict[str, Any] | None = Field(description="`method` says whether a rule or a language model made it.")
    turns: list[TurnOut]
    conversation_id: str | None
    provider: str = Field(description="sandbox: nobody's phone rang.")
    metadata: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class CallList(BaseModel):
    calls: list[CallOut]
    total: int
    limit: int
    offset: int


def _wanted(
    agent_id: Annotated[str | None, Query(max_length=64)] = None,
    customer_id: Annotated[str | None, Query(max_length=64)] = None,
    status: WireStatus | None = None,
    direction: Direction | None = None,
    since: MadeFrom = None,
    until: MadeUntil = None,
) -> Wanted:
    statuses, reasons = _domain(status) if status else ((), ())
    return Wanted(statuses, reasons, agent_id, customer_id, None, direction, since, until)


def _domain(status: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The states, and of the failed ones the reasons, that are called so here."""
    named = tuple(reason for reason, name in _REASONS.items() if name == status)
    if named:
        return (CallStatus.FAILED,), named
    if status == CallStatus.FAILED:
        return (CallStatus.FAILED,), tuple(reason for reason in CallReason if reason not in _REASONS)
    return tuple(one for one in CallStatus if _NAMES.get(one, one) == status), ()


def _out(row: Call) -> CallOut:
    same = CallOut.model_fields.keys() & set(Call.__mapper__.columns.keys()) - {"turns", "status"}
    status = _REASONS.get(CallReason(row.reason)) if row.reason else _NAMES.get(CallStatus(row.status))
    return CallOut(
        **{name: getattr(row, name) for name in same},
        status=status or row.status,
        customer_id=row.lead_id, duration=row.duration_s, cost=None if row.cost_cents is None else row.cost_cents / 100,
        transcript=transcript(row.turns) if row.ended_at and row.turns else None,
        turns=[TurnOut(**turn) for turn in row.turns], metadata=row.custom,
    )  # fmt: skip


@router.get("")
def page(
    who: KeyWho, state: State, wanted: Annotated[Wanted, Depends(_wanted)], limit: Limit = 50, offset: Offset = 0
) -> CallList:
    with state.database.read() as session:
        rows, total = CallService(session, who).page(wanted, limit, offset)
    return CallList(calls=[_out(row) for row in rows], total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
def create(body: CallIn, who: KeyWho, state: State) -> CallOut:
    """An outbound call, dialled in the background."""
    script = body.sandbox.script() if body.sandbox else {}
    new = NewCall(
        body.to_number, body.from_number, body.direction, body.agent_id, body.customer_id, script=script,
        custom=body.metadata,
    )  # fmt: skip
    with state.database.write() as session:
        row = CallService(session, who).start(new)
    return _out(row)


@router.get("/{callId}")
def get(call_id: CallId, who: KeyWho, state: State) -> CallOut:
    with state.database.read() as session:
        return _out(CallService(session, who).get(call_id))
