"""CONTRACT, Insydr row 7: questions by meaning, and the work list of those that were not answered."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.fields import FromText, IdText, Input
from api.insydr.analytics_schemas import PeriodOut, period_out
from domain.analytics.measures import change_percent
from domain.gaps.reasons import Reason
from domain.models import AnswerProof, ClusterStatus, QuestionCluster, Resolver
from domain.unanswered.near_repository import Near
from domain.unanswered.outlook import Estimate
from domain.unanswered.phrasing_repository import Worded
from domain.unanswered.repository import AskedFor, Item
from domain.unanswered.service import MOVES, QuestionsReport, WorkList
from retrieval.answers import Refusal
from retrieval.contradiction import Conflict

NESTED = ("resolved_by", "reason", "expected_monthly", "gain", "pulse")  # fields of an item that no table has


class Trend(StrEnum):
    UP = "up"
    DOWN = "down"
    FLAT = "flat"


class ResolvedByOut(BaseModel):
    """Who resolved it, or the passage that answers it."""

    kind: Resolver
    user_id: str | None = None
    document_id: str | None = None
    external_id: str | None = None
    chunk_index: int | None = None
    quote: str | None = None
    confidence: float | None = None


class EstimateOut(BaseModel):
    """With what it lies between in 95 of 100 cases."""

    value: float
    low: float
    high: float


class GainOut(BaseModel):
    """Of the share of questions that are answered, 0 to 1."""

    predicted: EstimateOut = Field(description="What answering it adds.")
    realised: EstimateOut | None = Field(description="What it added in the four weeks since; null until they are over.")


class WeekOut(BaseModel):
    week: date = Field(description="Its Monday, in the workspace's zone.")
    asked: int
    failed: int


class PlaceOut(BaseModel):
    document_id: str
    chunk_index: int


class ReasonOut(BaseModel):
    code: Reason
    message: str = Field(description="What it means, and what to do.")
    tested_at: datetime
    agent_id: str | None = Field(None, description="The agent that does not answer it, as it was asked again.")
    collection_id: str | None = Field(None, description="Where the answer stands.")
    passages: list[PlaceOut] = Field([], description="What answers it, comes closest, or contradicts each other.")
    confidence: float | None = None
    threshold: float | None = None
    conflict: Conflict | None = None
    refusal: Refusal | None = None
    error_code: str | None = Field(None, description="Of the document that failed.")


ADVICE = {
    Reason.OTHER_COLLECTION: "A collection that the agent does not use answers it: attach that, or move the document.",
    Reason.UNPUBLISHED_DRAFT: "The agent's draft answers it: publish it.",
    Reason.FAILED_DOCUMENT: "A document that could not be processed answers it: see its error and reprocess it.",
    Reason.QUEUED_DOCUMENT: "A document that is still being processed answers it: wait for it.",
    Reason.CONTRADICTION: "Two passages say different things: correct the one that is wrong.",
    Reason.RULED_OUT: "The agent's blocked words or allowed topics rule it out.",
    Reason.DISPUTED: "It is answered, and who asked did not accept that: read the passage, and correct or extend it.",
    Reason.BELOW_THRESHOLD: "The closest passage is not certain enough: say it more plainly, or lower the threshold.",
    Reason.MISSING: "Nothing that the agent can read answers it: write an answer, or add a document.",
}


class ItemOut(BaseModel):
    id: str
    question: str = Field(description="As it was first asked.")
    occurrences: int = Field(description="Times that it was not answered; in the period, where one was asked for.")
    asked: int = Field(description="Times that it was asked, whatever came of it.")
    first_seen: date = Field(description="First day, of the workspace's zone, on which it was not answered.")
    last_seen: date
    status: ClusterStatus
    category: str | None
    assigned_to: str | None = Field(description="A member's `user_id`.")
    opened_at: datetime | None
    reopened_at: datetime | None = Field(description="When it last came back: by hand, or because it failed again.")
    resolved_at: datetime | None
    resolved_by: ResolvedByOut | None
    reason: ReasonOut | None = Field(
        description="Why it is not answered, tried out; null until it was, and once it is."
    )
    checked_at: datetime | None = Field(description="When it was last asked again, of each agent that was asked it.")
    expected_monthly: EstimateOut = Field(description="How often it will be asked in a month, at today's rate.")
    gain: GainOut
    pulse: list[WeekOut] = Field(description="Thirteen weeks, the oldest first; the last is this one.")
    updated_at: datetime


class NearOut(BaseModel):
    """A passage that comes close to answering it."""

    document_id: str
    external_id: str | None
    title: str
    collection_id: str
    chunk_index: int
    content: str


class ItemDetailOut(ItemOut):
    passages: list[NearOut] = Field(description="The closest that there are, as it was last asked; best first.")


class StatesOut(BaseModel):
    open: int
    resolved: int
    ignored: int


class UnansweredOut(BaseModel):
    unanswered: list[ItemOut] = Field(description="Open ones first, then as ordered.")
    total: int
    resolved_this_week: int = Field(description="Since Monday, in the workspace's zone.")
    by_status: StatesOut = Field(description="Of all, whatever the filters.")


class ItemPatch(Input):
    status: Annotated[ClusterStatus, FromText] = Field(ClusterStatus.OPEN, description="By hand.")
    assigned_to: IdText | None = Field(None, description="A member's `user_id`; null for nobody.")


class ProofOut(BaseModel):
    """The passage that an agent answered it with, of several agents the least sure one's."""

    agent_id: str
    document_id: str
    version: int
    chunk_index: int
    quote: str
    confidence: float
    proved_at: datetime


class PhrasingOut(BaseModel):
    id: str
    question: str = Field(description="Capitals, spaces and the marks at its ends make no other phrasing.")
    asked: int
    failed: int = Field(description="Times that it was not answered.")
    first_asked_at: datetime
    last_asked_at: datetime
    proof: ProofOut | None = Field(description="What answers it, while the item is resolved and it was asked again.")


class PhrasingsOut(BaseModel):
    phrasings: list[PhrasingOut] = Field(description="Those asked most often first.")
    total: int


class MergeIn(Input):
    unanswered_ids: list[IdText] = Field(min_length=1, max_length=50, description="Items that mean the same as this.")


class SplitIn(Input):
    phrasing_ids: list[IdText] = Field(min_length=1, max_length=200, description="Of this item; not all of them.")


class SplitOut(BaseModel):
    unanswered: ItemOut = Field(description="What is left.")
    parted: ItemOut = Field(description="The new item.")


class QuestionOut(BaseModel):
    id: str
    question: str
    count: int
    trend: Trend = Field(description="Against as many days before; less than a tenth is flat.")
    change: float | None = Field(description="In percent; null where it was not asked before.")
    avg_confidence: float | None
    unanswered: int
    status: ClusterStatus | None = Field(description="Where it is in the work list.")


class CategoryOut(BaseModel):
    category: str
    count: int
    unanswered: int


class QuestionsOut(BaseModel):
    period: PeriodOut
    top_questions: list[QuestionOut]
    total: int = Field(description="Questions of different meaning.")
    trending: list[QuestionOut] = Field(description="Those whose number grew most beyond chance.")
    categories: list[CategoryOut] = Field(description="Named by the questions' own words; the rest is `Other`.")


def item_out(item: Item) -> ItemOut:
    one, outlook = item.cluster, item.outlook
    assert outlook is not None
    seen = one.opened_at or one.created_at
    return ItemOut(
        id=one.id,
        question=one.question,
        occurrences=max(1, item.occurrences),
        asked=max(1, item.asked),
        first_seen=one.first_failed_on or seen.date(),
        last_seen=one.last_failed_on or one.last_asked_at.date(),
        status=ClusterStatus(one.status or ClusterStatus.OPEN),
        category=one.category or None,
        assigned_to=one.assigned_to,
        opened_at=one.opened_at,
        reopened_at=one.reopened_at,
        resolved_at=one.resolved_at,
        resolved_by=ResolvedByOut.model_validate(one.resolved_by) if one.resolved_by else None,
        reason=_reason(one),
        checked_at=one.checked_at,
        expected_monthly=_estimate(outlook.monthly, 1),
        gain=GainOut(
            predicted=_estimate(outlook.predicted, 4),
            realised=_estimate(outlook.realised, 4) if outlook.realised else None,
        ),
        pulse=[WeekOut(week=week.monday, asked=week.asked, failed=week.failed) for week in outlook.pulse],
        updated_at=one.updated_at,
    )


def _reason(one: QuestionCluster) -> ReasonOut | None:
    if one.reason is None or one.reason_at is None or one.status != ClusterStatus.OPEN:
        return None
    reason = Reason(one.reason)
    return ReasonOut(code=reason, message=ADVICE[reason], tested_at=one.reason_at, **(one.reason_told or {}))


def item_detail(item: Item, passages: Sequence[Near]) -> ItemDetailOut:
    near = [NearOut(**asdict(one)) for one in passages]
    return ItemDetailOut(**item_out(item).model_dump(), passages=near)


def _estimate(one: Estimate, digits: int) -> EstimateOut:
    return EstimateOut(value=round(one.value, digits), low=round(one.low, digits), high=round(one.high, digits))


def phrasing_out(one: Worded, proof: AnswerProof | None) -> PhrasingOut:
    return PhrasingOut(
        id=one.id, question=one.text, asked=one.asked, failed=one.failed, first_asked_at=one.first_asked_at,
        last_asked_at=one.last_asked_at,
        proof=ProofOut.model_validate(proof, from_attributes=True) if proof else None,
    )  # fmt: skip


def unanswered_out(found: WorkList) -> UnansweredOut:
    counts: dict[str, Any] = {status.lower(): found.states.get(status, 0) for status in ClusterStatus}
    return UnansweredOut(
        unanswered=[item_out(item) for item in found.items], total=found.total,
        resolved_this_week=found.resolved_this_week, by_status=StatesOut(**counts),
    )  # fmt: skip


def questions_out(found: QuestionsReport) -> QuestionsOut:
    return QuestionsOut(
        period=period_out(found.period),
        top_questions=[question_out(one) for one in found.top],
        total=found.total,
        trending=[question_out(one) for one in found.trending],
        categories=[
            CategoryOut(category=name or "Other", count=count, unanswered=failed)
            for name, count, failed in found.categories
        ],
    )


def question_out(one: AskedFor) -> QuestionOut:
    return QuestionOut(
        id=one.cluster_id, question=one.question, count=one.count, trend=_trend(one),
        change=change_percent(one.count, one.before),
        avg_confidence=None if one.avg_confidence is None else round(one.avg_confidence, 4), unanswered=one.failed,
        status=ClusterStatus(one.status) if one.status else None,
    )  # fmt: skip


def _trend(one: AskedFor) -> Trend:
    if one.count > one.before * (1 + MOVES):
        return Trend.UP
    return Trend.DOWN if one.count < one.before * (1 - MOVES) else Trend.FLAT
