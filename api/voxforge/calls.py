"""VoxForge: calls."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field
from pydantic.alias_generators import to_camel

from api.call_fields import CallSandbox, TurnOut
from api.fields import CamelInput, CamelOutput, IdText, JsonObject, Limit, Name, Offset, ShortText
from api.principal import KeyWho
from api.spans import MadeFrom, MadeUntil
from api.state import State
from api.voxforge.surface import VOXFORGE
from domain.calls.analysis import Details, transcript
from domain.calls.repository import Wanted
from domain.calls.service import CallService, NewCall
from domain.models import Call, CallStatus

router = VOXFORGE.router("/api/v1/calls", tag="Calls")
CallId = Annotated[str, Path(alias="callId")]
WireStatus = Literal["queued", "in-progress", "completed", "failed"]
_NAMES = {CallStatus.RINGING: "queued"}


def _name(status: str) -> str:
    return _NAMES.get(CallStatus(status), status)


def _camel(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{to_camel(name): value for name, value in one.items()} for one in sources]


class CamelCallSandbox(CallSandbox, CamelInput):
    """How the sandbox plays the call; what is left out is as the front office's settings say."""


class CallIn(CamelInput):
    agent_id: IdText
    phone_number_id: Name | None = Field(None, description="The number that calls; the sandbox takes any.")
    to: ShortText | None = Field(None, validation_alias=AliasChoices("to", "toNumber"))
    contact_id: Name | None = Field(
        None,
        description="A lead, whose number is called without a `to`; any other id is kept as your own reference.",
    )
    metadata: JsonObject = {}
    sandbox: CamelCallSandbox | None = None


class CamelTurnOut(TurnOut, CamelOutput):
    sources: Annotated[list[dict[str, Any]], BeforeValidator(_camel)] = Field(
        [], description="What the answer rests on, with exact quotes."
    )


class AnalysisOut(Details, CamelOutput):
    """What the call was about, as far as the method tells it."""


class CallRow(CamelOutput):
    id: str
    status: Annotated[WireStatus, BeforeValidator(_name)]
    reason: str | None = Field(description="Why it failed: no-answer, busy, voicemail, invalid-number, error …")
    direction: str
    to: str = Field(validation_alias="to_number")
    from_number: str
    duration: int | None = Field(validation_alias="duration_s", description="Seconds.")
    summary: str | None
    sentiment: Literal["positive", "neutral", "negative"] | None
    recording_url: str | None
    agent_id: str | None
    campaign_id: str | None
    contact_id: str | None = Field(description="As you named the contact; else the lead.")
    phone_number_id: str | None
    provider: str = Field(description="sandbox: nobody's phone rang.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class CallOut(CallRow):
    transcript: str | None
    analysis: AnalysisOut | None
    lead_score: int | None
    cost_cents: int | None
    turns: list[CamelTurnOut] = Field(description="The transcript, with the sources of each answer.")
    conversation_id: str | None
    metadata: dict[str, Any]


class CallList(BaseModel):
    calls: list[CallRow]
    total: int
    limit: int
    offset: int


def _wanted(
    status: WireStatus | None = None,
    agent_id: Annotated[str | None, Query(alias="agentId", max_length=64)] = None,
    campaign_id: Annotated[str | None, Query(alias="campaignId", max_length=64)] = None,
    since: MadeFrom = None,
    until: MadeUntil = None,
) -> Wanted:
    statuses = tuple(one for one in CallStatus if _name(one) == status)
    return Wanted(statuses, (), agent_id, None, campaign_id, None, since, until)


def _out(row: Call) -> CallOut:
    analysis = AnalysisOut.model_validate(row.analysis) if row.analysis else None
    return CallOut(
        **CallRow.model_validate(row).model_dump(),
        transcript=transcript(row.turns) if row.ended_at and row.turns else None,
        analysis=analysis, lead_score=analysis.lead_score if analysis else None, cost_cents=row.cost_cents,
        turns=[CamelTurnOut(**turn) for turn in row.turns], conversation_id=row.conversation_id, metadata=row.custom,
    )  # fmt: skip


@router.get("")
def page(
    who: KeyWho, state: State, wanted: Annotated[Wanted, Depends(_wanted)], limit: Limit = 50, offset: Offset = 0
) -> CallList:
    """The newest first."""
    with state.database.read() as session:
        rows, total = CallService(session, who).page(wanted, limit, offset, said=False)
    return CallList(calls=[CallRow.model_validate(row) for row in rows], total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
def create(body: CallIn, who: KeyWho, state: State) -> CallOut:
    """An outbound call, dialled in the background; the agent answers from its knowledge."""
    new = NewCall(
        body.to, agent_id=body.agent_id, contact_id=body.contact_id, phone_number_id=body.phone_number_id,
        script=body.sandbox.script() if body.sandbox else {}, custom=body.metadata,
    )  # fmt: skip
    with state.database.write() as session:
        row = CallService(session, who).start(new)
    return _out(row)


@router.get("/{callId}")
def get(call_id: CallId, who: KeyWho, state: State) -> CallOut:
    with state.database.read() as session:
        return _out(CallService(session, who).get(call_id))
