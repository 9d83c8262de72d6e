"""Campaigns dial by the clock: who is due is called, what came of calls is noted, what is over is ended.

One process at a time works on a campaign, with its row locked, in short transactions; a call, its contact's place among
the calls at once and what the provider is to do of it are one transaction. So nobody is called twice, nor more at once
than allowed, however many processes run and whenever one dies (docs/decisions/0018).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database, patiently
from core.errors import Unavailable
from domain.agents.live import is_active
from domain.agents.repository import AgentRepository
from domain.agents.settings import voice_settings
from domain.calls import repository as calls
from domain.calls.dialling import Line, Outgoing, dial_all
from domain.calls.do_not_call import DoNotCallList
from domain.calls.moving import advance
from domain.campaigns import repository
from domain.campaigns.outcomes import Outcomes
from domain.campaigns.repository import CampaignRepository
from domain.campaigns.retries import Retries
from domain.campaigns.service import Progress
from domain.campaigns.states import OVER
from domain.campaigns.window import CallWindow
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.leads.contact import keys_of
from domain.leads.service import LeadService, NewLead
from domain.models import (
    CallReason,
    CallStatus,
    Campaign,
    CampaignContact,
    CampaignEnd,
    CampaignStatus,
    ContactStatus,
    LeadSource,
)
from domain.principal import Principal, system
from domain.workspaces.repository import WorkspaceRepository

log = structlog.get_logger()
CAMPAIGNS = 200  # of one pass
AT_ONCE = 50  # calls begun in one transaction
PAGE = 500  # contacts put off, or given up, in one transaction
ROUNDS = 20  # of one campaign in one pass, so that others have their turn
LONGEST_SILENCE = timedelta(minutes=15)  # of a provider, beyond the longest call: ringing, and reports that are late
PUT_OFF = timedelta(seconds=30)
AGENT_AGAIN = timedelta(seconds=30)  # until the next look at one that cannot call


def run_due(database: Database) -> int:
    """Every campaign that has something to do; how many that was. One that cannot go on, whatever the fault, is put
    off, so that it holds up no other."""
    with database.read() as session:
        due = repository.due(session, utc_now(), CAMPAIGNS)
    for campaign_id in due:
        try:
            _run_some(database, campaign_id)
        except Unavailable:  # the database itself: all of it is tried again
            raise
        except Exception:
            log.exception("campaign_failed", campaign_id=campaign_id)
            with database.write() as session:
                repository.wake_later(session, campaign_id, utc_now() + PUT_OFF)
    return len(due)


def _run_some(database: Database, campaign_id: str) -> None:
    for _ in range(ROUNDS):
        if not run(database, campaign_id):
            return


def run(database: Database, campaign_id: str) -> bool:
    """One transaction of it; whether there is more to do at once."""
    with patiently(), database.write() as session:
        now = utc_now()
        campaign = repository.take(session, campaign_id, now)
        return campaign is not None and _Turn(session, campaign, now).take()


class _Turn:
    """`now` is the moment of all that happens in it: who is called in the window has a call of that time."""

    def __init__(self, session: Session, campaign: Campaign, now: datetime) -> None:
        self._session, self._campaign, self._now = session, campaign, now
        self._who: Principal = system(campaign.workspace_id)
        self._window = CallWindow(campaign.window_start, campaign.window_end)
        retries = Retries(tuple(campaign.retry_minutes), campaign.retry_voicemail)
        self._outcomes = Outcomes(campaign, self._window, retries, now)
        self._taken = 0  # places

    def take(self) -> bool:
        campaign = self._campaign
        self._settle()
        if campaign.status not in OVER and campaign.ends_at is not None and self._now >= campaign.ends_at:
            self._end(CampaignEnd.TIME)
        if campaign.status in OVER:
            more, wake = self._expire(), None
        elif campaign.status == CampaignStatus.ACTIVE:
            more, wake = self._dial()
        else:
            more, wake = False, None
        self._outcomes.tell(self._session)
        self._session.flush()
        campaign.wake_at = self._next(more, wake)
        if campaign.wake_at is None and campaign.status in OVER:
            self._tell_end()
        return more

    def _settle(self) -> None:
        """Calls that have ended, or of which nobody reports any more, free their places."""
        for call_id in repository.silent_calls(self._session, self._campaign.id, self._now):
            row = calls.by_id(self._session, call_id)
            if row is not None and row.ended_at is None:
                advance(self._session, row, CallStatus.FAILED, CallReason.ERROR)
        self._session.flush()
        for one in repository.ended_calls(self._session, self._campaign.id):
            self._outcomes.note(one)
        self._session.flush()
        self._taken = repository.places_taken(self._session, self._campaign.id)

    def _dial(self) -> tuple[bool, datetime | None]:
        """Whether there is more to do at once, and else when."""
        campaign = self._campaign
        if self._now < campaign.starts_at:
            return False, campaign.starts_at
        free = min(campaign.max_concurrent - self._taken, AT_ONCE)
        if free <= 0:
            return False, None
        allowed, tomorrow = self._left_today()
        if allowed <= 0:
            return False, tomorrow
        longest_s = self._longest_call()
        if longest_s is None:
            return False, self._now + AGENT_AGAIN
        picked = repository.waiting(self._session, campaign.id, self._now, min(free, allowed))
        closed = self._put_off({one.timezone for one in picked})
        ready = [one for one in picked if one.timezone not in closed]
        refused = DoNotCallList(self._session, self._who).of(one.to_number for one in ready)
        for one in ready:
            if one.to_number in refused:
                self._outcomes.refuse(one)
        self._call([one for one in ready if one.to_number not in refused], longest_s)
        return len(picked) == min(free, allowed) and bool(closed or refused or free == AT_ONCE), None

    def _put_off(self, zones: set[str]) -> set[str]:
        """Zones in which the window has closed since they were due: their contacts wait until it opens."""
        opens = {zone: self._window.opens(self._now, ZoneInfo(zone)) for zone in zones}
        closed = {zone: moment for zone, moment in opens.items() if moment > self._now}
        repository.put_off(self._session, self._campaign.id, self._now, closed, PAGE)
        return set(closed)

    def _call(self, contacts: Sequence[CampaignContact], longest_s: int) -> None:
        if not contacts:
            return
        campaign = self._campaign
        self._name(contacts)
        line = Line(campaign.id, campaign.agent_id, campaign.phone_number_id, longest_s)
        outgoing = [
            Outgoing(one.to_number, one.lead_id, one.contact_ref, {**campaign.script, **one.script}, one.custom)
            for one in contacts
        ]
        made = dial_all(self._session, self._who, line, outgoing, self._now)
        until = self._now + timedelta(seconds=longest_s) + LONGEST_SILENCE
        for one, call_id in zip(contacts, made, strict=True):
            one.status, one.call_id, one.called_at = ContactStatus.CALLING, call_id, self._now
            one.calls, one.next_at, one.leased_until, one.updated_at = one.calls + 1, None, until, self._now
        campaign.dialled_calls += len(contacts)
        self._taken += len(contacts)

    def _name(self, contacts: Sequence[CampaignContact]) -> None:
        """Whoever is called is a lead."""
        unknown = [one for one in contacts if one.lead_id is None]
        new = [
            (
                NewLead(one.first_name, one.last_name, one.email, one.to_number, one.company, LeadSource.CALL),
                keys_of(one.email, one.to_number, None),
            )
            for one in unknown
        ]
        for one, lead in zip(unknown, LeadService(self._session, self._who).gather(new), strict=True):
            one.lead_id = lead.id

    def _longest_call(self) -> int | None:
        """Seconds; None: its agent calls nobody at the moment, or the workspace is deleted."""
        agents = AgentRepository(self._session, self._who)
        agent = agents.get(self._campaign.agent_id)
        if agent is None or not is_active(agent) or WorkspaceRepository(self._session).plan(agent.workspace_id) is None:
            return None
        return voice_settings(agents.served(agent) or {}).max_call_duration

    def _left_today(self) -> tuple[int, datetime]:
        """How many calls the day still allows, and when the next one begins."""
        campaign, zone = self._campaign, ZoneInfo(self._campaign.timezone)
        day = self._now.astimezone(zone).date()
        if campaign.dialled_day != day.isoformat():
            campaign.dialled_day, campaign.dialled_calls = day.isoformat(), 0
        tomorrow = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        most = campaign.max_a_day
        return (AT_ONCE if most is None else most - campaign.dialled_calls), tomorrow

    def _expire(self) -> bool:
        """Who still waits is called no more; whether there are others."""
        some = repository.waiting(self._session, self._campaign.id, None, PAGE)
        for one in some:
            self._outcomes.expire(one)
        return len(some) == PAGE

    def _next(self, more: bool, wake: datetime | None) -> datetime | None:
        """When there is next something to do; a campaign without anybody left is completed."""
        campaign = self._campaign
        if more or self._taken:
            return self._now
        if campaign.status in OVER:
            return None
        following = repository.next_at(self._session, campaign.id)
        if following is None and repository.has_contacts(self._session, campaign.id):
            self._end(CampaignEnd.DONE)
            return None
        if campaign.status == CampaignStatus.PAUSED or following is None:
            return campaign.ends_at
        return min(max(following, wake or following), campaign.ends_at or datetime.max.replace(tzinfo=UTC))

    def _end(self, by: CampaignEnd) -> None:
        campaign = self._campaign
        campaign.status, campaign.ended_at, campaign.ended_by = CampaignStatus.COMPLETED, self._now, by
        campaign.updated_at = self._now

    def _tell_end(self) -> None:
        campaign = self._campaign
        counts = CampaignRepository(self._session, self._who).counts([campaign.id])[campaign.id]
        so_far = Progress(campaign, counts)
        data = {"campaign_id": campaign.id, "status": campaign.status, "total": so_far.total, "done": so_far.done}
        record(self._session, Event(EventType.CAMPAIGN_ENDED, campaign.workspace_id, data))
