"""What the provider reports of a call: in the order of its states and numbers, not of its arrival."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core.queue.outbox import enqueue
from domain.calls import repository
from domain.calls.analysis import analyse
from domain.calls.ending import finish, greeting
from domain.calls.jobs import TALK
from domain.calls.moving import advance
from domain.calls.states import MOVES
from domain.models import CallStatus
from domain.principal import system


def apply_report(session: Session, call_id: str, sequence: int, report: Mapping[str, Any]) -> None:
    """`report` has the new `status`; a `reason` where it failed; `duration_s` where it is over. With `talk` the sandbox
    lets the caller and the agent talk first, in the background where the caller has something to say."""
    row = repository.by_id(session, call_id)
    status = CallStatus(report["status"])
    if row is None or sequence <= row.sequence or status not in MOVES[CallStatus(row.status)]:
        return
    row.sequence, row.duration_s = sequence, report.get("duration_s", row.duration_s)
    if not report.get("talk"):
        advance(session, row, status, report.get("reason"))
    elif row.script.get("says"):
        enqueue(session, TALK, call_id=row.id)
    else:
        turns = greeting(session, system(row.workspace_id), row)
        finish(session, row, turns, analyse(turns))
