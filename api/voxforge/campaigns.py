"""VoxForge: campaigns."""

from datetime import datetime
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from api.fields import CamelInput, CamelOutput, Clock, FromText, IdText, Limit, Name, Offset, ShortText
from api.principal import KeyWho
from api.state import State
from api.voxforge.agents import TOTAL
from api.voxforge.calls import CamelCallSandbox
from api.voxforge.surface import VOXFORGE
from domain.campaigns.repository import Counts
from domain.campaigns.retries import USUAL_MINUTES
from domain.campaigns.service import USUAL_WINDOW, CampaignChange, CampaignService, NewCampaign, Progress
from domain.campaigns.window import CallWindow
from domain.changes import change_of
from domain.models import CampaignStatus, ContactStatus

router = VOXFORGE.router("/api/v1/campaigns", tag="Campaigns")
CampaignId = Annotated[str, Path(alias="campaignId")]
Concurrency = Annotated[int, Field(ge=1, le=1_000, description="Calls at once.")]
_CLOCK = "With an offset a moment; without one, what clocks in `timezone` show."


class WindowIn(CamelInput):
    """A span of each day, by the clocks of whoever is called where their number tells the zone, else of `timezone`."""

    start: ShortText = Field(USUAL_WINDOW.start, description="As 09:00.")
    end: ShortText = Field(USUAL_WINDOW.end, description="As 17:00; 24:00 is the end of the day.")


class CampaignIn(CamelInput):
    name: Name
    agent_id: IdText
    phone_number_id: Name | None = Field(None, description="The number that calls; the sandbox takes any.")
    scheduled_start: Clock | None = Field(None, description=f"When to begin; at once by default. {_CLOCK}")
    scheduled_end: Clock | None = Field(None, description=f"Who was not called by then expires. {_CLOCK}")
    timezone: ShortText | None = Field(None, description="IANA name; the workspace's by default.")
    call_window: WindowIn = WindowIn()
    max_concurrent_calls: Concurrency = 3
    max_calls_per_day: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(None, description="Of `timezone`.")
    retry_minutes: list[Annotated[int, Field(ge=0, le=10_080)]] = Field(
        list(USUAL_MINUTES), max_length=10, description="Until each next call to who was busy or did not answer."
    )
    retry_voicemail: bool = Field(False, description="Whether a machine counts as no answer.")
    sandbox: CamelCallSandbox | None = None


class CampaignPatch(CamelInput):
    status: Annotated[CampaignStatus, FromText] | None = None
    name: Name | None = None
    max_concurrent_calls: Concurrency | None = None

    def change(self) -> CampaignChange:
        names = {"max_concurrent_calls": "max_concurrent"}
        return change_of(CampaignChange, {names.get(name, name): value for name, value in self.given().items()})


class ContactCounts(CamelOutput):
    """How many contacts are in each state."""

    pending: int = 0
    calling: int = 0
    called: int = Field(0, description="In vain so far, and will be called again.")
    completed: int = 0
    failed: int = 0
    dnc: int = 0
    expired: int = 0


class CampaignRow(CamelOutput):
    id: str
    name: str
    status: CampaignStatus
    calls_total: int = Field(description="Contacts.")
    calls_completed: int = Field(description="Contacts to whom no more calls are made, whatever came of it.")
    created_at: datetime


class WindowOut(CamelOutput):
    start: str
    end: str


class CampaignOut(CampaignRow):
    agent_id: str
    phone_number_id: str | None
    scheduled_start: datetime
    scheduled_end: datetime | None
    timezone: str
    call_window: WindowOut
    max_concurrent_calls: int
    max_calls_per_day: int | None
    retry_minutes: list[int]
    retry_voicemail: bool
    contacts: ContactCounts
    next_call_at: datetime | None = Field(description="When somebody is to be called next, if anybody is.")
    notice: str | None = Field(description="Why nobody is called, where somebody must do something about it.")
    ended_at: datetime | None
    updated_at: datetime


def _row(one: Progress) -> CampaignRow:
    row = one.campaign
    return CampaignRow(
        id=row.id, name=row.name, status=CampaignStatus(row.status), calls_total=one.total, calls_completed=one.done,
        created_at=row.created_at,
    )  # fmt: skip


def _out(one: Progress) -> CampaignOut:
    row = one.campaign
    return CampaignOut(
        **_row(one).model_dump(), agent_id=row.agent_id, phone_number_id=row.phone_number_id,
        scheduled_start=row.starts_at, scheduled_end=row.ends_at, timezone=row.timezone,
        call_window=WindowOut(start=row.window_start, end=row.window_end), max_concurrent_calls=row.max_concurrent,
        max_calls_per_day=row.max_a_day, retry_minutes=row.retry_minutes, retry_voicemail=row.retry_voicemail,
        contacts=_counts(one.counts), next_call_at=one.next_at, notice=one.notice,
        ended_at=row.ended_at, updated_at=row.updated_at,
    )  # fmt: skip


def _counts(counts: Counts) -> ContactCounts:
    return ContactCounts(**{status.value: counts.get(status, 0) for status in ContactStatus})


@router.get("", responses=TOTAL)
def page(
    who: KeyWho,
    state: State,
    response: Response,
    status: CampaignStatus | None = None,
    limit: Limit = 200,
    offset: Offset = 0,
) -> list[CampaignRow]:
    """The newest first."""
    with state.database.read() as session:
        rows, total = CampaignService(session, who).page(status, limit, offset)
    response.headers["X-Total-Count"] = str(total)
    return [_row(one) for one in rows]


@router.post("", status_code=201)
def create(body: CampaignIn, who: KeyWho, state: State) -> CampaignOut:
    """Active at once; it calls from `scheduledStart` on whoever is added to it."""
    new = NewCampaign(
        body.name, body.agent_id, body.phone_number_id, body.scheduled_start, body.scheduled_end, body.timezone,
        CallWindow(body.call_window.start, body.call_window.end), body.max_concurrent_calls, body.max_calls_per_day,
        tuple(body.retry_minutes), body.retry_voicemail, body.sandbox.script() if body.sandbox else {},
    )  # fmt: skip
    with state.database.write() as session:
        return _out(CampaignService(session, who).create(new))


@router.get("/{campaignId}")
def get(campaign_id: CampaignId, who: KeyWho, state: State) -> CampaignOut:
    with state.database.read() as session:
        return _out(CampaignService(session, who).get(campaign_id))


@router.patch("/{campaignId}")
def update(campaign_id: CampaignId, body: CampaignPatch, who: KeyWho, state: State) -> CampaignOut:
    """Pause, resume, complete or cancel it. Calls that are on their way go on to their end; who was still to be called
    when it was completed or cancelled expires."""
    with state.database.write() as session:
        return _out(CampaignService(session, who).change(campaign_id, body.change()))
