"""Calls on their way out: handed to the provider, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.ids import Prefix, new_id
from domain.agents.settings import voice_settings
from domain.calls import repository
from domain.calls.moving import event_of, note
from domain.calls.serving import served
from domain.events.kinds import EventType
from domain.events.recording import record_all
from domain.front_office.service import settings_of
from domain.front_office.settings import SandboxPace
from domain.models import Call, CallReason, CallStatus, Direction
from domain.principal import Principal, system
from domain.sandbox.stage import SANDBOX, Planned, plan, plan_all

COMPLETED = CallStatus.COMPLETED.value


@dataclass(frozen=True, slots=True)
class Line:
    """What calls of one campaign share; `longest_s` is how long the agent talks at most."""

    campaign_id: str
    agent_id: str
    phone_number_id: str | None
    longest_s: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """To whom; `script` says how the sandbox plays it."""

    to: str
    lead_id: str | None
    contact_ref: str | None
    script: Mapping[str, Any]
    custom: Mapping[str, Any]


def dial(database: Database, call_id: str) -> None:
    """Nothing where it was dialled already. The sandbox is all in one transaction, so it may be run twice."""
    with database.write() as session:
        row = repository.by_id(session, call_id)
        if row is None or row.provider_call_id is not None:
            return
        row.provider_call_id, row.started_at = row.id, utc_now()
        note(session, EventType.CALL_STARTED, row)
        who = system(row.workspace_id)
        pace, told = settings_of(session, who).sandbox, served(session, who, row) or {}
        plan(session, row.workspace_id, row.id, played(row.script, pace, voice_settings(told).max_call_duration))


def dial_all(session: Session, who: Principal, line: Line, outgoing: Sequence[Outgoing], now: datetime) -> list[str]:
    """Their calls, handed to the provider in this transaction, in a few statements; the ids in the same order."""
    office = settings_of(session, who)
    rows = [
        Call(
            id=(made := new_id(Prefix.CALL)), provider_call_id=made, workspace_id=who.workspace_id,
            agent_id=line.agent_id, lead_id=one.lead_id, contact_ref=one.contact_ref, campaign_id=line.campaign_id,
            phone_number_id=line.phone_number_id, direction=Direction.OUTBOUND, from_number=office.number,
            to_number=one.to, status=CallStatus.QUEUED, provider=SANDBOX, script=dict(one.script),
            custom=dict(one.custom), started_at=now, created_at=now,
        )
        for one in outgoing
    ]  # fmt: skip
    session.add_all(rows)
    session.flush()
    plan_all(session, who.workspace_id, {row.id: played(row.script, office.sandbox, line.longest_s) for row in rows})
    record_all(session, [event_of(EventType.CALL_STARTED, row) for row in rows])
    return [row.id for row in rows]


def played(script: dict[str, Any], pace: SandboxPace, longest_s: int) -> list[Planned]:
    """It rings; then somebody talks with it for a while, or it fails as the script, or the front office, says."""
    ring_s = float(script.get("ring_s", pace.ring_s))
    talk_s = min(float(script.get("talk_s", pace.talk_s)), longest_s)
    outcome = str(script.get("outcome", pace.outcome))
    rings = Planned(0.0, {"status": CallStatus.RINGING.value})
    if outcome in (CallReason.INVALID_NUMBER, CallReason.DO_NOT_CALL):
        return [Planned(0.0, {"status": CallStatus.FAILED.value, "reason": outcome})]
    if outcome != COMPLETED:
        return [rings, Planned(ring_s, {"status": CallStatus.FAILED.value, "reason": outcome})]
    return [
        rings,
        Planned(ring_s, {"status": CallStatus.IN_PROGRESS.value}),
        Planned(ring_s + talk_s, {"status": COMPLETED, "duration_s": round(talk_s), "talk": True}),
    ]
