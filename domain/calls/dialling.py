"""Calls on their way out: handed to the provider, once."""

from typing import Any

from core.clock import utc_now
from core.database import Database
from domain.agents.settings import voice_settings
from domain.calls import repository
from domain.calls.reports import note
from domain.calls.serving import served
from domain.events.kinds import EventType
from domain.front_office.service import settings_of
from domain.front_office.settings import SandboxPace
from domain.models import CallReason, CallStatus
from domain.principal import system
from domain.sandbox.stage import Planned, plan

COMPLETED = CallStatus.COMPLETED.value


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


def played(script: dict[str, Any], pace: SandboxPace, longest_s: int) -> list[Planned]:
    """It rings; then somebody talks with it for a while, or it fails as the script, or the front office, says."""
    ring_s = float(script.get("ring_s", pace.ring_s))
    talk_s = min(float(script.get("talk_s", pace.talk_s)), longest_s)
    outcome = str(script.get("outcome", pace.outcome))
    rings = Planned(0.0, {"status": CallStatus.RINGING.value})
    if outcome == CallReason.INVALID_NUMBER:
        return [Planned(0.0, {"status": CallStatus.FAILED.value, "reason": outcome})]
    if outcome != COMPLETED:
        return [rings, Planned(ring_s, {"status": CallStatus.FAILED.value, "reason": outcome})]
    return [
        rings,
        Planned(ring_s, {"status": CallStatus.IN_PROGRESS.value}),
        Planned(ring_s + talk_s, {"status": COMPLETED, "duration_s": round(talk_s), "talk": True}),
    ]
