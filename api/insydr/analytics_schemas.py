"""CONTRACT, Insydr row 7: reports, with the seed's fields and ours."""

from dataclasses import asdict
from datetime import date

from pydantic import BaseModel, Field

from api.fields import Output
from domain.analytics.days import Period
from domain.analytics.measures import Interval, change_percent, satisfaction, share, wilson
from domain.analytics.service import Activity, AgentDays, Overview
from domain.analytics.sketch import quantile
from domain.analytics.tally import CONFIDENCE_BINS, Tally
from domain.analytics.use_repository import CollectionUse, DocumentUse

Share = float | None


class PeriodOut(BaseModel):
    start: date
    end: date = Field(description="The last day, itself in the period.")
    days: int
    timezone: str = Field(description="The workspace's: its days are counted.")


class StatsOut(BaseModel):
    total_conversations: int = Field(description="That began in the period.")
    total_messages: int = Field(description="Questions and answers.")
    active_agents: int = Field(description="That are published now.")
    knowledge_documents: int = Field(description="That answers can come from now.")
    avg_response_time_ms: float | None
    satisfaction_score: float | None = Field(description="1 + 4 × share of thumbs up; null without votes.")
    total_questions: int
    median_response_time_ms: float | None = Field(description="To within 2 %.")
    p95_response_time_ms: float | None = Field(description="To within 2 %.")
    avg_duration_seconds: float | None = Field(description="Of a conversation, from its first to its last message.")


class TrendsOut(BaseModel):
    """By how many percent more than in the period before; null where there was nothing then."""

    conversations_change: float | None
    messages_change: float | None
    answered_change: float | None = Field(description="Of the share of questions that were answered.")
    avg_response_time_change: float | None
    satisfaction_change: float | None


class IntervalOut(Output):
    """Where the true share lies in 95 of 100 cases (Wilson)."""

    low: float
    high: float


class SatisfactionOut(BaseModel):
    score: float | None = Field(description="1 to 5.")
    thumbs_up: int
    thumbs_down: int
    share: Share = Field(description="Of thumbs up among the votes.")
    interval: IntervalOut | None


class OutcomesOut(BaseModel):
    """How questions went. Shares are of all questions; `contradicted`, `confirmed` and `undisputed` add up to
    `answered`."""

    questions: int
    answered: int
    fallback: int
    below_threshold: int = Field(description="Of the fallbacks: something was found, but confidence did not suffice.")
    escalated: int = Field(description="After which the visitor wanted a human within 72 hours.")
    contradicted: int = Field(description="Answered, but the visitor asked for the same again or for a human.")
    confirmed: int = Field(description="Answered, with a thumb up, and not contradicted.")
    undisputed: int = Field(description="Answered, and nothing more is known: no success for certain.")
    answered_share: Share
    fallback_share: Share
    escalated_share: Share
    contradicted_share: Share
    confirmed_share: Share


class ConfidenceBin(BaseModel):
    low: float
    high: float
    answers: int
    right: int = Field(description="As labelled, else by the thumb.")
    wrong: int
    share_right: Share
    mean_confidence: float | None = Field(description="Of those known to be right or wrong.")


class CalibrationOut(BaseModel):
    judged: int = Field(description="Answers known to be right or wrong, by labels and thumbs.")
    ece: float | None = Field(description="Expected calibration error, on twenty bins; 0: confidences are true.")


class OverviewOut(BaseModel):
    period: PeriodOut
    previous_period: PeriodOut
    stats: StatsOut
    trends: TrendsOut
    outcomes: OutcomesOut
    previous_outcomes: OutcomesOut
    satisfaction: SatisfactionOut
    confidence: list[ConfidenceBin] = Field(description="Those with answers.")
    calibration: CalibrationOut
    is_current: bool = Field(description="false: something that happened seconds ago is not counted yet.")


class DayOut(BaseModel):
    date: date
    conversations: int
    messages: int
    avg_duration_seconds: float | None
    questions: int
    answered: int
    fallback: int
    escalated: int
    contradicted: int
    thumbs_up: int
    thumbs_down: int
    avg_response_time_ms: float | None


class HourOut(BaseModel):
    hour: int = Field(description="Of the workspace's day, 0 to 23.")
    count: int = Field(description="Conversations that began in it.")
    questions: int


class AgentOut(BaseModel):
    agent_id: str
    agent_name: str
    conversations: int
    percentage: float = Field(description="Of all conversations.")
    avg_response_time_ms: float | None
    outcomes: OutcomesOut
    satisfaction: SatisfactionOut


class ActivityOut(BaseModel):
    period: PeriodOut
    daily_data: list[DayOut] = Field(description="Every day of the period, the earliest first.")
    peak_hours: list[HourOut] = Field(description="The busiest first.")
    by_agent: list[AgentOut] = Field(description="Those with most conversations first.")
    is_current: bool


class UseOut(Output):
    """Answers of the period."""

    cited: int
    cited_first: int = Field(description="Of these: as the first source.")
    thumbs_up: int
    thumbs_down: int
    contradicted: int


class DocumentUseOut(UseOut):
    document_id: str
    external_id: str | None
    title: str
    collection_id: str


class DocumentUseList(BaseModel):
    period: PeriodOut
    documents: list[DocumentUseOut]
    total: int


class CollectionUseOut(UseOut):
    collection_id: str
    name: str
    documents: int = Field(description="That answers can come from.")
    used: int = Field(description="Of these: cited in the period.")


class CollectionUseList(BaseModel):
    period: PeriodOut
    collections: list[CollectionUseOut]
    total: int


def overview_out(found: Overview) -> OverviewOut:
    now, before = found.now, found.before
    judged, ece = _calibration(now)
    return OverviewOut(
        period=period_out(found.period),
        previous_period=period_out(found.period.before()),
        stats=_stats(found),
        trends=TrendsOut(
            conversations_change=change_percent(now.counts["conversations"], before.counts["conversations"]),
            messages_change=change_percent(now.counts["questions"], before.counts["questions"]),
            answered_change=change_percent(_answered(now), _answered(before)),
            avg_response_time_change=change_percent(_response_ms(now), _response_ms(before)),
            satisfaction_change=change_percent(_score(now), _score(before)),
        ),
        outcomes=_outcomes(now),
        previous_outcomes=_outcomes(before),
        satisfaction=_satisfaction(now),
        confidence=_confidence(now),
        calibration=CalibrationOut(judged=judged, ece=ece),
        is_current=found.is_current,
    )


def activity_out(found: Activity) -> ActivityOut:
    total = found.total.counts["conversations"]
    busiest = sorted(found.total.hours.items(), key=lambda one: (-one[1][0], -one[1][1], one[0]))
    return ActivityOut(
        period=period_out(found.period),
        daily_data=[day_out(day, tally) for day, tally in found.days.items()],
        peak_hours=[HourOut(hour=hour, count=begun, questions=asked) for hour, (begun, asked) in busiest],
        by_agent=[_agent(one, total) for one in found.agents],
        is_current=found.is_current,
    )


def document_use_out(one: DocumentUse) -> DocumentUseOut:
    return DocumentUseOut(
        document_id=one.document_id, external_id=one.external_id, title=one.title, collection_id=one.collection_id,
        **asdict(one.use),
    )  # fmt: skip


def collection_use_out(one: CollectionUse) -> CollectionUseOut:
    return CollectionUseOut(
        collection_id=one.collection_id, name=one.name, documents=one.documents, used=one.used, **asdict(one.use)
    )


def period_out(period: Period) -> PeriodOut:
    return PeriodOut(start=period.first, end=period.last, days=period.days, timezone=period.timezone)


def day_out(day: date, tally: Tally) -> DayOut:
    counts = tally.counts
    return DayOut(
        date=day, conversations=counts["conversations"], messages=2 * counts["questions"],
        avg_duration_seconds=_duration_s(tally), questions=counts["questions"], answered=counts["answered"],
        fallback=counts["questions"] - counts["answered"], escalated=counts["escalated"],
        contradicted=counts["contradicted"], thumbs_up=counts["thumbs_up"], thumbs_down=counts["thumbs_down"],
        avg_response_time_ms=_response_ms(tally),
    )  # fmt: skip


def _agent(one: AgentDays, total: int) -> AgentOut:
    conversations = one.tally.counts["conversations"]
    return AgentOut(
        agent_id=one.agent_id, agent_name=one.agent_name, conversations=conversations,
        percentage=round(100 * conversations / total, 1) if total else 0.0,
        avg_response_time_ms=_response_ms(one.tally), outcomes=_outcomes(one.tally),
        satisfaction=_satisfaction(one.tally),
    )  # fmt: skip


def _stats(found: Overview) -> StatsOut:
    now = found.now
    return StatsOut(
        total_conversations=now.counts["conversations"],
        total_messages=2 * now.counts["questions"],
        active_agents=found.published_agents,
        knowledge_documents=found.documents,
        avg_response_time_ms=_response_ms(now),
        satisfaction_score=_score(now),
        total_questions=now.counts["questions"],
        median_response_time_ms=_rounded(quantile(now.response_bins, 0.5), 1),
        p95_response_time_ms=_rounded(quantile(now.response_bins, 0.95), 1),
        avg_duration_seconds=_duration_s(now),
    )


def _outcomes(tally: Tally) -> OutcomesOut:
    counts = tally.counts
    asked, answered = counts["questions"], counts["answered"]
    return OutcomesOut(
        questions=asked, answered=answered, fallback=asked - answered, below_threshold=counts["below_threshold"],
        escalated=counts["escalated"], contradicted=counts["contradicted"], confirmed=counts["confirmed"],
        undisputed=answered - counts["contradicted"] - counts["confirmed"],
        answered_share=_share(answered, asked), fallback_share=_share(asked - answered, asked),
        escalated_share=_share(counts["escalated"], asked), contradicted_share=_share(counts["contradicted"], asked),
        confirmed_share=_share(counts["confirmed"], asked),
    )  # fmt: skip


def _satisfaction(tally: Tally) -> SatisfactionOut:
    up, down = tally.counts["thumbs_up"], tally.counts["thumbs_down"]
    return SatisfactionOut(
        score=_score(tally), thumbs_up=up, thumbs_down=down, share=_share(up, up + down),
        interval=_interval(wilson(up, up + down)),
    )  # fmt: skip


def _confidence(tally: Tally) -> list[ConfidenceBin]:
    return [
        ConfidenceBin(
            low=number / CONFIDENCE_BINS, high=(number + 1) / CONFIDENCE_BINS, answers=int(answers), right=int(right),
            wrong=int(wrong), share_right=_share(right, right + wrong), mean_confidence=_share(known, right + wrong),
        )
        for number, (answers, right, wrong, known) in sorted(tally.confidence.items())
    ]  # fmt: skip


def _calibration(tally: Tally) -> tuple[int, float | None]:
    """Answers that were judged, and how far confidence is from the share of right ones, bins weighted by answers."""
    bins = tally.confidence.values()
    judged = sum(right + wrong for _, right, wrong, _ in bins)
    off = sum(abs(known - right) for _, right, wrong, known in bins)
    return int(judged), _share(off, judged)


def _answered(tally: Tally) -> float | None:
    return share(tally.counts["answered"], tally.counts["questions"])


def _score(tally: Tally) -> float | None:
    return satisfaction(tally.counts["thumbs_up"], tally.counts["thumbs_down"])


def _response_ms(tally: Tally) -> float | None:
    return _rounded(share(tally.response_ms, tally.counts["timed"]), 1)


def _duration_s(tally: Tally) -> float | None:
    return _rounded(share(tally.conversation_s, tally.counts["conversations"]), 1)


def _share(part: float, whole: float) -> float | None:
    return _rounded(share(part, whole), 4)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _interval(interval: Interval | None) -> IntervalOut | None:
    return None if interval is None else IntervalOut(low=round(interval.low, 4), high=round(interval.high, 4))
