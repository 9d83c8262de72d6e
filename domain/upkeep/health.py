"""Starved or stuck: why documents wait, in a word and a sentence that says what to do."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.principal import Permission, Principal
from domain.upkeep.health_repository import Counts, counts


class QueueState(StrEnum):
    IDLE = "IDLE"  # nothing waits
    WORKING = "WORKING"  # workers are at it
    WAITING = "WAITING"  # due for over a minute, all workers are busy with other documents
    STARVED = "STARVED"  # work is due and no worker runs
    STUCK = "STUCK"  # a worker fell silent with documents in its hands


_SENTENCES = {
    QueueState.IDLE: "Nothing waits.",
    QueueState.WORKING: "Documents are being processed.",
    QueueState.WAITING: "All workers are busy with earlier documents. Start another worker to be quicker.",
    QueueState.STARVED: "No worker runs, so nothing is processed and nothing is lost. Start one: insydr worker.",
    QueueState.STUCK: "A worker fell silent. Its documents are taken over by the next worker that looks.",
}
_LONG_S = 60.0


@dataclass(frozen=True, slots=True)
class QueueHealth:
    state: QueueState
    sentence: str
    counts: Counts
    oldest_due_s: float  # 0 when nothing is due


def queue_health(session: Session, who: Principal | None = None) -> QueueHealth:
    """Of the workspace of `who`, or of the installation."""
    if who is not None:
        who.require(Permission.DOCUMENTS_READ)
    found = counts(session, who.workspace_id if who else None)
    waited = (utc_now() - found.oldest_due).total_seconds() if found.oldest_due else 0.0
    state = _state(found, waited)
    return QueueHealth(state, _SENTENCES[state], found, round(max(0.0, waited), 3))


def _state(found: Counts, waited_s: float) -> QueueState:
    if found.due + found.processing and not found.workers:
        return QueueState.STARVED
    if found.silent:
        return QueueState.STUCK
    if found.due and waited_s > _LONG_S:
        return QueueState.WAITING
    return QueueState.WORKING if found.due + found.processing else QueueState.IDLE
