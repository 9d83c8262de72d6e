"""Why an item is not answered: each reason is tried out, and holds only where the question is answered without it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations
from typing import Any

from core.database import Database
from core.embedding.words import terms
from domain.conversations.service import Brief
from domain.gaps.agents import draft_brief
from domain.gaps.asking import Reply, alike, closing_threshold
from domain.gaps.drafts import Draft, Place
from domain.gaps.engine import Engine
from domain.gaps.unsearchable_repository import Unsearchable, UnsearchableRepository
from domain.models import Status
from domain.principal import Principal
from retrieval.answers import Answer, Refusal
from retrieval.contradiction import Said, conflict
from retrieval.passages import Passage

MOST_FILES = 3  # that are not searchable, and are read to see whether they answer
READ_AS = 5  # asks, which reading one costs
COMPARED = 4  # passages that may contradict each other
NEARLY = 0.5  # of the threshold: what is less sure is no answer that a lower threshold should let through


class Reason(StrEnum):
    OTHER_COLLECTION = "OTHER_COLLECTION"
    UNPUBLISHED_DRAFT = "UNPUBLISHED_DRAFT"
    FAILED_DOCUMENT = "FAILED_DOCUMENT"
    QUEUED_DOCUMENT = "QUEUED_DOCUMENT"
    CONTRADICTION = "CONTRADICTION"
    RULED_OUT = "RULED_OUT"
    DISPUTED = "DISPUTED"
    BELOW_THRESHOLD = "BELOW_THRESHOLD"
    MISSING = "MISSING"


@dataclass(slots=True)
class Why:
    """`told` are ids and numbers; texts are looked up when it is shown. `asks` is what finding it took."""

    reason: Reason
    told: dict[str, Any] = field(default_factory=dict)
    asks: int = 0


class Reasons:
    def __init__(self, database: Database, engine: Engine) -> None:
        self._database, self._engine = database, engine

    def why(self, who: Principal, stuck: Reply) -> Why:
        """The first reason that holds, those that are most easily mended first."""
        asks = 0
        for look in (self._ruled_out, self._elsewhere, self._unpublished, self._unsearchable, self._contradicted):
            found, cost = look(who, stuck)
            asks += cost
            if found is not None:
                found.asks = asks
                return found
        why = _left(stuck)
        why.asks = asks
        return why

    def _ruled_out(self, _: Principal, stuck: Reply) -> tuple[Why | None, int]:
        """By the agent's own rules."""
        refusal = stuck.answer.trace.refusal if stuck.answer.trace else None
        if refusal not in (Refusal.BLOCKED_WORD, Refusal.OFF_TOPIC):
            return None, 0
        return Why(Reason.RULED_OUT, {"agent_id": stuck.brief.agent_id, "refusal": refusal.value}), 0

    def _elsewhere(self, who: Principal, stuck: Reply) -> tuple[Why | None, int]:
        """In a collection that the agent does not use."""
        own = stuck.brief.collection_ids
        if own is None:
            return None, 0
        answer = self._engine.asker.ask(who, replace(stuck.brief, collection_ids=None), stuck.wording.text)
        if not answer.answered or answer.quotes[0].passage.stored.collection_id in own:
            return None, 1
        return Why(Reason.OTHER_COLLECTION, _answering(stuck.brief, answer)), 1

    def _unpublished(self, who: Principal, stuck: Reply) -> tuple[Why | None, int]:
        """The agent's draft answers, what is published does not."""
        if stuck.answer.answered:
            return None, 0
        with self._database.read() as session:
            draft = draft_brief(session, who, stuck.brief.agent_id)
        if draft is None or alike(draft, stuck.brief):
            return None, 0
        answer = self._engine.asker.ask(who, draft, stuck.wording.text)
        if not answer.answered:
            return None, 1
        return Why(Reason.UNPUBLISHED_DRAFT, _answering(draft, answer)), 1

    def _unsearchable(self, who: Principal, stuck: Reply) -> tuple[Why | None, int]:
        """In a document that failed or waits: it is read here, and asked with what it says."""
        with self._database.read() as session:
            waiting = UnsearchableRepository(session, who).latest(stuck.brief.collection_ids)
        asks = 0
        for one in _likeliest(stuck, waiting):
            asks += READ_AS
            draft = self._engine.drafts.of_stored(_place(who, one), one.original)
            if not isinstance(draft, Draft):
                continue
            answer = self._engine.over(draft).ask(who, stuck.brief, stuck.wording.text)
            if answer.answered and answer.quotes[0].passage.stored.document_id == one.document_id:
                ended = one.status in (Status.FAILED, Status.CANCELLED)
                reason = Reason.FAILED_DOCUMENT if ended else Reason.QUEUED_DOCUMENT
                return Why(reason, _answering(stuck.brief, answer) | {"error_code": one.error_code}), asks
        return None, asks

    def _contradicted(self, _: Principal, stuck: Reply) -> tuple[Why | None, int]:
        """Two passages say different things."""
        trace = stuck.answer.trace
        if trace is None:
            return None, 0
        read = sorted(trace.passages, key=lambda one: -trace.relevance.get(one.stored.chunk_id, -1.0))
        near = [one for one in read if trace.relevance.get(one.stored.chunk_id, -1.0) > 0][:COMPARED]
        if len(near) < 2:
            return None, 0
        said: list[tuple[Passage, Said]] = []
        for passage in near:
            made = self._engine.asker.says(stuck.brief, trace, passage).composition
            said.append((passage, Said(made.text, made.short.text if made.short else None)))
        for (one, first), (other, second) in combinations(said, 2):
            found = conflict(first, second)
            if found is not None:
                told = {"agent_id": stuck.brief.agent_id, "conflict": found.value, "passages": [_at(one), _at(other)]}
                return Why(Reason.CONTRADICTION, told), len(near)
        return None, len(near)


def _left(stuck: Reply) -> Why:
    """What is left when nothing else is the matter."""
    answer, threshold = stuck.answer, stuck.brief.style.threshold
    told = {"agent_id": stuck.brief.agent_id, "confidence": round(answer.confidence, 4)}
    if answer.answered and answer.confidence >= closing_threshold(threshold):
        return Why(Reason.DISPUTED, _answering(stuck.brief, answer))
    passages = answer.trace.passages if answer.trace else ()
    if passages and answer.confidence >= NEARLY * threshold:
        return Why(Reason.BELOW_THRESHOLD, told | {"threshold": threshold, "passages": [_at(passages[0])]})
    return Why(Reason.MISSING, told)


def _answering(brief: Brief, answer: Answer) -> dict[str, Any]:
    first = answer.quotes[0].passage
    return {
        "agent_id": brief.agent_id, "collection_id": first.stored.collection_id,
        "confidence": round(answer.confidence, 4), "passages": [_at(first)],
    }  # fmt: skip


def _at(passage: Passage) -> dict[str, Any]:
    return {"document_id": passage.stored.document_id, "chunk_index": passage.stored.chunk_index}


def _likeliest(stuck: Reply, waiting: Sequence[Unsearchable]) -> list[Unsearchable]:
    """Those whose names have most of the question's words, then the latest; all where there are few."""
    language = stuck.answer.trace.language if stuck.answer.trace else None
    asked = set(terms(stuck.wording.text, language))

    def common(one: Unsearchable) -> int:
        return len(asked & set(terms(f"{one.title} {one.original.file_name}", language)))

    return sorted(waiting, key=common, reverse=True)[:MOST_FILES]


def _place(who: Principal, one: Unsearchable) -> Place:
    return Place(who.workspace_id, one.collection_id, one.document_id, one.external_id, one.given_title)
