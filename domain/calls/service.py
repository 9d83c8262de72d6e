"""Calls: begun, listed, read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from core.errors import NotFound
from core.ids import Prefix, new_id
from core.phone_numbers import e164
from core.queue.outbox import enqueue
from domain.agents.repository import AgentRepository
from domain.agents.settings import AgentStatus
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.calls.do_not_call import DoNotCallList
from domain.calls.jobs import DIAL
from domain.calls.repository import CallRepository, Wanted
from domain.calls.serving import check_awake, named_agent
from domain.front_office.days import bounds
from domain.front_office.service import settings_of, zone_of
from domain.leads.capture import capture
from domain.leads.contact import Contact
from domain.leads.repository import LeadRepository
from domain.models import Agent, Call, CallStatus, Direction, Lead, LeadSource
from domain.principal import Permission, Principal
from domain.sandbox.stage import SANDBOX


@dataclass(frozen=True, slots=True)
class NewCall:
    """To `to`, or for one that comes in from `sender`. Without an agent it is the workspace's only published one, where
    there is one. `contact_id` is a lead or, with `to`, the client's own name of them; `lead_id` must be one. `script`
    says how the sandbox plays it."""

    to: str | None = None
    sender: str | None = None
    direction: Direction = Direction.OUTBOUND
    agent_id: str | None = None
    lead_id: str | None = None
    contact_id: str | None = None
    phone_number_id: str | None = None
    script: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)


class CallService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = CallRepository(session, who)

    def start(self, new: NewCall) -> Call:
        """Queued; it is dialled in the background."""
        self._who.require(Permission.CALLS_WRITE)
        agent = self._agent(new)
        lead = self._lead(new)
        contact_ref = new.contact_id if lead is None else None
        to, sender = self._numbers(new, lead)
        outbound = new.direction is Direction.OUTBOUND
        if outbound:
            DoNotCallList(self._session, self._who).check(to)
        lead = lead or capture(self._session, self._who, Contact(LeadSource.CALL, phone=to if outbound else sender))
        row = Call(
            id=new_id(Prefix.CALL), workspace_id=self._who.workspace_id, agent_id=agent.id if agent else None,
            lead_id=lead.id if lead else None, contact_ref=contact_ref, phone_number_id=new.phone_number_id,
            direction=new.direction, from_number=sender, to_number=to, status=CallStatus.QUEUED, provider=SANDBOX,
            script=dict(new.script), custom=dict(new.custom),
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        enqueue(self._session, DIAL, call_id=row.id)
        done(self._session, self._who, Action.CALL_STARTED, row)
        return row

    def get(self, call_id: str) -> Call:
        self._who.require(Permission.CALLS_READ)
        row = self._rows.get(call_id)
        if row is None:
            raise NotFound("There is no such call in this workspace.", code="CALL_NOT_FOUND")
        return row

    def page(self, wanted: Wanted, limit: int, offset: int, *, said: bool = True) -> tuple[list[Call], int]:
        """As the repository's. Raises `InvalidInput` where `since` and `until` enclose nothing."""
        self._who.require(Permission.CALLS_READ)
        since, until = bounds(wanted.since, wanted.until, zone_of(self._session, self._who))
        return self._rows.page(replace(wanted, since=since, until=until), limit, offset, said=said)

    def _numbers(self, new: NewCall, lead: Lead | None) -> tuple[str, str]:
        """Whom it goes to and from whom it comes; what is not given is the lead's number, and our own."""
        office = settings_of(self._session, self._who)
        theirs = lead.phone_key if lead else None
        outbound = new.direction is Direction.OUTBOUND
        to = new.to or (theirs if outbound else office.number)
        sender = new.sender or (office.number if outbound else theirs)
        region = office.default_region
        return e164(to or "", region, "to"), e164(sender or "", region, "from")

    def _agent(self, new: NewCall) -> Agent | None:
        agent = named_agent(self._session, self._who, new.agent_id) if new.agent_id else self._only_one()
        if agent and new.direction is Direction.OUTBOUND:
            check_awake(agent)
        return agent

    def _only_one(self) -> Agent | None:
        some, total = AgentRepository(self._session, self._who).page(AgentStatus.PUBLISHED, None, 2, 0)
        return some[0][0] if total == 1 else None

    def _lead(self, new: NewCall) -> Lead | None:
        named = new.lead_id or new.contact_id
        lead = LeadRepository(self._session, self._who).get(named) if named else None
        if lead is None and (new.lead_id or (new.contact_id and not new.to)):
            field = "customer_id" if new.lead_id else "contact_id"
            raise NotFound("There is no such lead in this workspace.", code="LEAD_NOT_FOUND", field=field)
        return lead
