"""Calls go on to their next state, and whoever asked for it is told."""

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.calls.repository import DoNotCallRepository
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.models import Call, CallReason, CallStatus
from domain.principal import system


def advance(session: Session, row: Call, status: CallStatus, reason: str | None = None) -> None:
    """To one that may follow."""
    now = utc_now()
    row.status, row.updated_at = status, now
    if status not in (CallStatus.COMPLETED, CallStatus.FAILED):
        return
    row.ended_at = now
    if status is CallStatus.FAILED:
        row.reason = CallReason(reason or CallReason.ERROR)
        if row.reason == CallReason.DO_NOT_CALL:
            DoNotCallRepository(session, system(row.workspace_id)).add(row.to_number, row.id)
    note(session, EventType.CALL_ENDED if status is CallStatus.COMPLETED else EventType.CALL_FAILED, row)


def note(session: Session, kind: EventType, row: Call) -> None:
    record(session, event_of(kind, row))


def event_of(kind: EventType, row: Call) -> Event:
    """Ids and codes: numbers and texts are looked up when it is sent."""
    data = {
        "call_id": row.id, "status": row.status, "reason": row.reason, "duration": row.duration_s,
        "agent_id": row.agent_id, "campaign_id": row.campaign_id,
    }  # fmt: skip
    return Event(kind, row.workspace_id, data)
