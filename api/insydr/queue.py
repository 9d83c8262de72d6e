"""Ours: the queue as it stands, dead letters and their replay, reconciliation."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.fields import IdText, Input, Limit, Offset, Output
from api.insydr.jobs import JobOut
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from core.errors import InvalidInput
from domain.dead_letters.repository import DeadLetterFilter
from domain.dead_letters.service import DeadLetterService
from domain.upkeep.health import queue_health
from domain.upkeep.reconcile import start_reconciliation

router = INSYDR.router("/api/v1/workspaces/{workspace_id}", tag="Queue")


class QueueOut(BaseModel):
    state: str = Field(description="IDLE, WORKING, WAITING (all busy), STARVED (no worker) or STUCK (one is silent).")
    message: str
    queued: int
    due: int = Field(description="Of the queued, those that need not wait for a later try.")
    processing: int
    oldest_due_seconds: float
    workers: int
    failed_by_code: dict[str, int]


class DeadLetter(Output):
    document_id: str = Field(validation_alias="id")
    title: str
    collection_id: str
    version: int
    error_code: str | None
    error_message: str | None
    retryable: bool
    attempts: int
    failed_at: datetime = Field(validation_alias="updated_at")


class DeadLetterList(BaseModel):
    dead_letters: list[DeadLetter]
    total: int


class ReplayIn(Input):
    document_ids: list[IdText] | None = Field(None, min_length=1, max_length=1_000)
    codes: list[IdText] | None = Field(None, min_length=1, max_length=100, description="Error codes.")
    collection_id: IdText | None = None
    all: bool = Field(False, description="Every dead letter; needed where nothing else is named.")


@router.get("/queue")
def queue(who: Who, state: State) -> QueueOut:
    """How much waits, for how long, and why."""
    with state.database.read() as session:
        found = queue_health(session, who)
    counts = found.counts
    return QueueOut(
        state=found.state, message=found.sentence, queued=counts.queued, due=counts.due, processing=counts.processing,
        oldest_due_seconds=found.oldest_due_s, workers=counts.workers, failed_by_code=counts.failed,
    )  # fmt: skip


@router.get("/dead-letters")
def dead_letters(
    who: Who,
    state: State,
    code: str | None = None,
    collection_id: str | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> DeadLetterList:
    """Documents that failed for good, the latest first."""
    wanted = DeadLetterFilter(codes=(code,) if code else None, collection_id=collection_id)
    with state.database.read() as session:
        rows, total = DeadLetterService(session, who).page(wanted, limit, offset)
    return DeadLetterList(dead_letters=[DeadLetter.model_validate(row) for row in rows], total=total)


@router.post("/dead-letters/replay", status_code=202)
def replay(body: ReplayIn, who: Who, state: State) -> JobOut:
    """Process them once more, as one job; at most 10,000 a call."""
    wanted = DeadLetterFilter(_tuple(body.document_ids), _tuple(body.codes), body.collection_id)
    if wanted == DeadLetterFilter() and not body.all:
        raise InvalidInput("Name document_ids, codes or a collection_id, or say all: true.", field="document_ids")
    with state.database.write() as session:
        return JobOut.model_validate(DeadLetterService(session, who).replay(wanted))


@router.post("/reconcile", status_code=202)
def reconcile(who: Who, state: State) -> JobOut:
    """Compare rows, vectors and files, and repair what differs; the job's `report` says what that was."""
    return JobOut.model_validate(start_reconciliation(state.database, who))


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
