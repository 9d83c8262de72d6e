"""What the provider reports of a call: in the order of its states and numbers, not of its arrival."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.queue.outbox import enqueue
from domain.calls import repository
from domain.calls.jobs import TALK
from domain.calls.states import MOVES
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.models import Call, CallReason, CallStatus


def apply_report(session: Session, call_id: str, sequence: int, report: Mapping[str, Any]) -> None:
    """`report` has the new `status`; a `reason` where it failed; `duration_s` where it is over. With `talk` the sandbox
    lets the caller and the agent talk first."""
    row = repository.by_id(session, call_id)
    status = CallStatus(report["status"])
    if row is None or sequence <= row.sequence or status not in MOVES[CallStatus(row.status)]:
        return
    if report.get("talk"):
        row.sequence, row.duration_s = sequence, int(report.get("duration_s") or 0)
        enqueue(session, TALK, call_id=row.id)
        return
    row.sequence, row.duration_s = sequence, report.get("duration_s", row.duration_s)
    advance(session, row, status, report.get("reason"))


def advance(session: Session, row: Call, status: CallStatus, reason: str | None = None) -> None:
    """To one that may follow."""
    now = utc_now()
    row.status, row.updated_at = status, now
    if status not in (CallStatus.COMPLETED, CallStatus.FAILED):
        return
    row.ended_at = now
    if status is CallStatus.FAILED:
        row.reason = CallReason(reason or CallReason.ERROR)
    note(session, EventType.CALL_ENDED if status is CallStatus.COMPLETED else EventType.CALL_FAILED, row)


def note(session: Session, kind: EventType, row: Call) -> None:
    """Ids and codes: numbers and texts are looked up when it is sent."""
    data = {
        "call_id": row.id, "status": row.status, "reason": row.reason, "duration": row.duration_s,
        "agent_id": row.agent_id, "campaign_id": row.campaign_id,
    }  # fmt: skip
    record(session, Event(kind, row.workspace_id, data))
