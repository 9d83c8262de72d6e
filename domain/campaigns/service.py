"""Campaigns: made, paused, resumed, ended, and how far they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InvalidInput, NotFound
from core.ids import Prefix, new_id
from domain.agents.live import is_active
from domain.agents.repository import AgentRepository
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import audit_change, created
from domain.calls.serving import check_awake, named_agent
from domain.campaigns import repository
from domain.campaigns.repository import CampaignRepository, Counts
from domain.campaigns.retries import USUAL_MINUTES
from domain.campaigns.states import OVER, check_move
from domain.campaigns.window import CallWindow
from domain.changes import UNSET, Unset, changed
from domain.front_office.days import moment
from domain.front_office.service import zone_of
from domain.models import Campaign, CampaignContact, CampaignEnd, CampaignStatus, ContactStatus
from domain.principal import Permission, Principal
from domain.usage.room import Room
from domain.workspaces.service import checked_timezone

USUAL_WINDOW = CallWindow("09:00", "17:00")
_OPEN = (ContactStatus.PENDING, ContactStatus.CALLING, ContactStatus.CALLED)


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """`start` and `end` without an offset are what clocks in `timezone` show, by default the workspace's; without a
    `start` it starts at once. `max_a_day` is of that zone's days. `script` says how the sandbox plays the calls."""

    name: str
    agent_id: str
    phone_number_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    timezone: str | None = None
    window: CallWindow = USUAL_WINDOW
    max_concurrent: int = 3
    max_a_day: int | None = None
    retry_minutes: tuple[int, ...] = USUAL_MINUTES
    retry_voicemail: bool = False
    script: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CampaignChange:
    name: str | Unset = UNSET
    status: CampaignStatus | Unset = UNSET
    max_concurrent: int | Unset = UNSET


@dataclass(frozen=True, slots=True)
class Progress:
    """Of a campaign, exactly: `done` are contacts to whom no more calls are made, whatever came of it. `notice` says
    why nobody is called, where somebody must do something about it."""

    campaign: Campaign
    counts: Counts
    next_at: datetime | None = None
    notice: str | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        return self.total - sum(self.counts.get(one, 0) for one in _OPEN)


class CampaignService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = CampaignRepository(session, who)

    def create(self, new: NewCampaign) -> Progress:
        """Active at once. Raises `PlanLimit`, `Conflict` for an agent that cannot call, `InvalidInput`."""
        self._who.require(Permission.CALLS_WRITE)
        Room(self._session, self._who).require_campaign()
        check_awake(named_agent(self._session, self._who, new.agent_id))
        name = checked_timezone(new.timezone) if new.timezone is not None else zone_of(self._session, self._who).key
        zone, now = ZoneInfo(name), utc_now()
        starts = moment(new.start, zone, "scheduledStart") if new.start else now
        ends = moment(new.end, zone, "scheduledEnd") if new.end else None
        if ends is not None and ends <= max(starts, now):
            raise InvalidInput("scheduledEnd must lie ahead, and after scheduledStart.", field="scheduledEnd")
        row = Campaign(
            id=new_id(Prefix.CAMPAIGN), workspace_id=self._who.workspace_id, name=new.name, agent_id=new.agent_id,
            phone_number_id=new.phone_number_id, status=CampaignStatus.ACTIVE, starts_at=starts, ends_at=ends,
            timezone=name, window_start=new.window.start, window_end=new.window.end, max_concurrent=new.max_concurrent,
            max_a_day=new.max_a_day, retry_minutes=list(new.retry_minutes), retry_voicemail=new.retry_voicemail,
            script=dict(new.script), wake_at=ends,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        created(self._session, self._who, Action.CAMPAIGN_CREATED, row)
        return Progress(row, {})

    def get(self, campaign_id: str) -> Progress:
        self._who.require(Permission.CALLS_READ)
        return self._progress(self._existing(campaign_id))

    def page(self, status: CampaignStatus | None, limit: int, offset: int) -> tuple[list[Progress], int]:
        self._who.require(Permission.CALLS_READ)
        rows, total = self._rows.page(status, limit, offset)
        counts = self._rows.counts([row.id for row in rows])
        return [Progress(row, counts[row.id]) for row in rows], total

    def contacts(
        self, campaign_id: str, status: ContactStatus | None, limit: int, offset: int
    ) -> tuple[list[CampaignContact], int]:
        self._who.require(Permission.CALLS_READ)
        return self._rows.contacts(self._existing(campaign_id).id, status, limit, offset)

    def contact(self, campaign_id: str, contact_id: str) -> CampaignContact:
        self._who.require(Permission.CALLS_READ)
        row = self._rows.contact(campaign_id, contact_id)
        if row is None:
            raise NotFound("There is no such contact in this campaign.", code="CONTACT_NOT_FOUND")
        return row

    def change(self, campaign_id: str, change: CampaignChange) -> Progress:
        """Calls that are on their way go on to their end. Raises `Conflict` for a status that cannot follow."""
        self._who.require(Permission.CALLS_WRITE)
        row = self._existing(campaign_id, lock=True)
        before, was_over = facts(row), row.status in OVER
        row.name = changed(change.name, row.name)
        row.max_concurrent = changed(change.max_concurrent, row.max_concurrent)
        self._move(row, changed(change.status, CampaignStatus(row.status)))
        if facts(row) != before:
            row.updated_at = utc_now()
            row.wake_at = row.wake_at if was_over else row.updated_at
            audit_change(self._session, self._who, Action.CAMPAIGN_UPDATED, row, before)
        return self._progress(row)

    def _move(self, row: Campaign, status: CampaignStatus) -> None:
        if status == row.status:
            return
        check_move(CampaignStatus(row.status), status)
        row.status = status
        if status in OVER:
            row.ended_at, row.ended_by = utc_now(), CampaignEnd.ASKED

    def _progress(self, row: Campaign) -> Progress:
        self._session.flush()
        counts, next_at = self._rows.counts([row.id])[row.id], repository.next_at(self._session, row.id)
        return Progress(row, counts, next_at, self._notice(row))

    def _notice(self, row: Campaign) -> str | None:
        agent = AgentRepository(self._session, self._who).get(row.agent_id)
        if row.status in OVER or (agent is not None and is_active(agent)):
            return None
        return "Its agent is paused or no longer published, so nobody is called until it is active again."

    def _existing(self, campaign_id: str, *, lock: bool = False) -> Campaign:
        row = self._rows.get(campaign_id, lock=lock)
        if row is None:
            raise NotFound("There is no such campaign in this workspace.", code="CAMPAIGN_NOT_FOUND")
        return row
