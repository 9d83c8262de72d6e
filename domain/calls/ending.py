"""The end of a call that was answered: what was said in it, and what that was about."""

from typing import Any

from sqlalchemy.orm import Session

from domain.calls.analysis import Analysis
from domain.calls.moving import advance, note
from domain.calls.serving import served
from domain.events.kinds import EventType
from domain.models import Call, CallStatus
from domain.principal import Principal

Turns = list[dict[str, Any]]


def greeting(session: Session, who: Principal, row: Call) -> Turns:
    """What the agent says first."""
    text = (served(session, who, row) or {}).get("greeting_message")
    return [{"role": "agent", "text": text}] if text else []


def finish(session: Session, row: Call, turns: Turns, found: Analysis) -> None:
    row.turns, row.summary, row.sentiment, row.analysis = turns, found.summary, found.sentiment, found.details
    advance(session, row, CallStatus.COMPLETED)
    note(session, EventType.TRANSCRIPT_READY, row)
    note(session, EventType.ANALYSIS_COMPLETED, row)
