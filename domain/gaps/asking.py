"""An item asked again: each of its phrasings, of each agent that was asked it, as that agent answers now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.vectors.protocol import Scope
from domain.analytics.recording import places
from domain.conversations.service import Brief
from domain.models import Phrasing
from domain.principal import Principal
from retrieval.answerer import Answerer
from retrieval.answers import Answer, Trace
from retrieval.extractive import Extracted
from retrieval.passages import Passage, PassageStore

CLOSING = 0.25  # of the way from an agent's threshold to certainty: as sure an answer has to be to close an item


@dataclass(frozen=True, slots=True)
class Wording:
    """A phrasing as it is asked again."""

    id: str
    text: str
    agents: Sequence[str]
    disputed: Mapping[str, datetime]  # documents, and when they were no answer


@dataclass(frozen=True, slots=True)
class Proof:
    """The passage that one agent answers a phrasing with."""

    phrasing_id: str
    agent_id: str
    document_id: str
    external_id: str | None
    collection_id: str
    version: int
    chunk_index: int
    quote: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent answers to a phrasing."""

    wording: Wording
    brief: Brief
    answer: Answer

    def proof(self) -> Proof:
        """Of one that is answered."""
        quote = self.answer.quotes[0]
        stored = quote.passage.stored
        return Proof(
            self.wording.id, self.brief.agent_id, stored.document_id, stored.external_id, stored.collection_id,
            stored.version, stored.chunk_index, quote.text, self.answer.confidence,
        )  # fmt: skip


@dataclass(slots=True)
class Heard:
    """The `replies` that will do, up to the first that will not: `stuck`. `places` by phrasing: the best passages that
    there are for it now."""

    replies: list[Reply] = field(default_factory=list)
    stuck: Reply | None = None
    asks: int = 0
    places: dict[str, list[str]] = field(default_factory=dict)


def wording(row: Phrasing) -> Wording:
    disputed = {key: datetime.fromisoformat(at) for key, at in row.disputed.items()}
    return Wording(row.id, row.text, tuple(row.agents), disputed)


def closing_threshold(threshold: float) -> float:
    """Stricter than that for answering: who asked was sent away once, and nobody looks before the item closes."""
    return threshold + (1 - threshold) * CLOSING


class Asker:
    """`answerer` has no language model: its answers cost money, and no confidence depends on them. `without` are
    documents that are left out of what is stored."""

    def __init__(self, passages: PassageStore, answerer: Answerer, without: Sequence[str] = ()) -> None:
        self._passages, self._answerer, self._without = passages, answerer, tuple(without)

    def leaving_out(self, document_ids: Sequence[str]) -> "Asker":
        return Asker(self._passages, self._answerer, (*self._without, *document_ids))

    def ask(self, who: Principal, brief: Brief, text: str) -> Answer:
        scope = Scope(who.workspace_id, collection_ids=brief.collection_ids, without_documents=self._without)
        return self._answerer.plain(self._passages, scope, text, brief.style)

    def says(self, brief: Brief, trace: Trace, passage: Passage) -> Extracted:
        """What one of the passages that were found says by itself."""
        return self._answerer.alone(trace.asked, passage, brief.style, trace.language)

    def hear(
        self, who: Principal, wordings: Sequence[Wording], agents: Mapping[str, Brief], *, to_close: bool
    ) -> Heard:
        """Up to the first that is not answered, or to close not surely enough."""
        heard = Heard()
        for one in wordings:
            known: list[tuple[Brief, Answer]] = []
            for brief in (agents[agent_id] for agent_id in one.agents if agent_id in agents):
                answer = next((answer for other, answer in known if alike(other, brief)), None)
                if answer is None:
                    answer = self.ask(who, brief, one.text)
                    known.append((brief, answer))
                    heard.asks += 1
                if answer.trace is not None:
                    heard.places[one.id] = places(answer.trace)
                reply = Reply(one, brief, answer)
                needed = closing_threshold(brief.style.threshold) if to_close else 0.0
                if not answer.answered or answer.confidence < needed:
                    heard.stuck = reply
                    return heard
                heard.replies.append(reply)
        return heard


def alike(one: Brief, other: Brief) -> bool:
    """Whether they answer everything in the same way."""
    return (one.collection_ids, one.style) == (other.collection_ids, other.style)
