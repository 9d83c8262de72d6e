"""Counting a day: from its questions and conversations to the rows that reports add up."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from domain.analytics.sketch import bin_of
from domain.models import EVERY, Feedback
from retrieval.answers import Refusal

N = TypeVar("N", int, float)
AGAIN_WITHIN = timedelta(hours=72)
CONFIDENCE_BINS = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is counted; `again_at` is when the same visitor next asked what means the same."""

    agent_id: str
    channel: str
    asked_at: datetime
    cluster_id: str | None
    answered: bool
    refusal: str | None
    confidence: float | None
    response_ms: int | None
    document_ids: list[Any]
    feedback: str | None
    is_right: bool | None
    escalated: bool
    again_at: datetime | None

    @property
    def contradicted(self) -> bool:
        """It was answered, but the visitor asked again or wanted a human: silence alone is no success, either."""
        asked_again = self.again_at is not None and self.again_at - self.asked_at <= AGAIN_WITHIN
        return self.answered and (self.escalated or asked_again)

    @property
    def failed(self) -> bool:
        return has_failed(self.answered, self.feedback, self.escalated)

    @property
    def right(self) -> bool | None:
        """As it was labelled, else as the visitor's thumb says of an answer; a thumb for the fallback says nothing."""
        if self.is_right is not None or self.feedback is None or not self.answered:
            return self.is_right
        return self.feedback == Feedback.THUMBS_UP


@dataclass(frozen=True, slots=True)
class Begun:
    """A conversation as it is counted."""

    agent_id: str
    channel: str
    created_at: datetime
    last_message_at: datetime
    escalated_at: datetime | None


@dataclass(slots=True)
class Tally:
    """What `domain.models.DayStats` keeps; tallies can be added up."""

    counts: Counter[str] = field(default_factory=Counter)
    conversation_s: float = 0.0
    response_ms: float = 0.0
    response_bins: Counter[int] = field(default_factory=Counter)
    confidence: dict[int, list[float]] = field(default_factory=dict)  # [answers, right, wrong, confidence of those two]
    hours: dict[int, list[int]] = field(default_factory=dict)  # [conversations, questions]

    def add(self, other: "Tally") -> None:
        self.counts.update(other.counts)
        self.conversation_s += other.conversation_s
        self.response_ms += other.response_ms
        self.response_bins.update(other.response_bins)
        _add_all(self.confidence, other.confidence)
        _add_all(self.hours, other.hours)

    def question(self, one: Asked, hour: int) -> None:
        counts, contradicted, up = self.counts, one.contradicted, one.feedback == Feedback.THUMBS_UP
        counts["questions"] += 1
        if one.answered:
            counts["answered"] += 1
            counts["contradicted"] += contradicted
            counts["confirmed"] += up and not contradicted
        elif one.refusal == Refusal.BELOW_THRESHOLD:
            counts["below_threshold"] += 1
        if one.escalated:
            counts["escalated"] += 1
        if one.feedback is not None:
            counts["thumbs_up" if up else "thumbs_down"] += 1
        self.hours.setdefault(hour, [0, 0])[1] += 1
        if one.response_ms is not None:
            counts["timed"] += 1
            self.response_ms += one.response_ms
            self.response_bins[bin_of(one.response_ms)] += 1
        if one.confidence is not None:
            self._judge(one, one.confidence)

    def _judge(self, one: Asked, confidence: float) -> None:
        sums = self.confidence.setdefault(min(CONFIDENCE_BINS - 1, int(confidence * CONFIDENCE_BINS)), [0, 0, 0, 0.0])
        sums[0] += 1
        right = one.right
        if right is not None:
            sums[1 if right else 2] += 1
            sums[3] += confidence

    def conversation(self, one: Begun, hour: int) -> None:
        self.counts["conversations"] += 1
        self.counts["conversations_escalated"] += one.escalated_at is not None
        self.conversation_s += (one.last_message_at - one.created_at).total_seconds()
        self.hours.setdefault(hour, [0, 0])[0] += 1


DOCUMENT_COUNTS = ("cited", "cited_first", "thumbs_up", "thumbs_down", "contradicted")


@dataclass(frozen=True, slots=True)
class Day:
    """`tallies` by agent and channel, with one of all under empty names; `documents` and `clusters` by id."""

    tallies: Mapping[tuple[str, str], Tally]
    documents: Mapping[str, Counter[str]]
    clusters: Mapping[str, "ClusterTally"]


@dataclass(slots=True)
class ClusterTally:
    asked: int = 0
    failed: int = 0
    confidence: float = 0.0  # in sum
    confident: int = 0  # answers of that sum

    def question(self, one: Asked) -> None:
        self.asked += 1
        self.failed += one.failed
        if one.confidence is not None:
            self.confidence += one.confidence
            self.confident += 1


def has_failed(answered: bool, feedback: str | None, escalated: bool) -> bool:
    """Whether the visitor went without an answer, as far as it is known."""
    return not answered or feedback == Feedback.THUMBS_DOWN or escalated


def count_day(questions: Iterable[Asked], conversations: Iterable[Begun], zone: ZoneInfo) -> Day:
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    documents: dict[str, Counter[str]] = defaultdict(Counter)
    clusters: dict[str, ClusterTally] = defaultdict(ClusterTally)
    for asked in questions:
        tallies[asked.agent_id, asked.channel].question(asked, asked.asked_at.astimezone(zone).hour)
        if asked.answered:
            _cite(documents, asked)
        if asked.cluster_id is not None:
            clusters[asked.cluster_id].question(asked)
    for begun in conversations:
        tallies[begun.agent_id, begun.channel].conversation(begun, begun.created_at.astimezone(zone).hour)
    every = Tally()
    for tally in tallies.values():
        every.add(tally)
    return Day(tallies | {(EVERY, EVERY): every} if tallies else {}, documents, clusters)


def _cite(documents: dict[str, Counter[str]], asked: Asked) -> None:
    up, down = asked.feedback == Feedback.THUMBS_UP, asked.feedback == Feedback.THUMBS_DOWN
    contradicted = asked.contradicted
    for place, document_id in enumerate(dict.fromkeys(asked.document_ids)):
        row = documents[document_id]
        row["cited"] += 1
        row["cited_first"] += place == 0
        row["thumbs_up"] += up
        row["thumbs_down"] += down
        row["contradicted"] += contradicted


def _add_all(sums: dict[int, list[N]], more: Mapping[int, list[N]]) -> None:
    for key, values in more.items():
        known = sums.get(key)
        sums[key] = list(values) if known is None else [a + b for a, b in zip(known, values, strict=True)]
