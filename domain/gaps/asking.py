"""An item asked again: each of its phrasings, of each agent that was asked it, as that agent answers now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.database import Database
from core.vectors.protocol import Scope
from domain.analytics.recording import places
from domain.conversations.service import Brief
from domain.models import Phrasing
from domain.principal import Principal
from domain.search.passage_repository import SqlPassages
from retrieval.answerer import Answerer
from retrieval.answers import Answer

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


@dataclass(slots=True)
class Heard:
    """`proofs` of all that was asked, unless one `failed`: then nothing further was. `places` by phrasing: the best
    passages that there are for it now."""

    proofs: list[Proof] = field(default_factory=list)
    failed: bool = False
    asks: int = 0
    places: dict[str, list[str]] = field(default_factory=dict)


def wording(row: Phrasing) -> Wording:
    disputed = {key: datetime.fromisoformat(at) for key, at in row.disputed.items()}
    return Wording(row.id, row.text, tuple(row.agents), disputed)


def closing_threshold(threshold: float) -> float:
    """Stricter than that for answering: who asked was sent away once, and nobody looks before the item closes."""
    return threshold + (1 - threshold) * CLOSING


class Asker:
    """`answerer` has no language model: its answers cost money, and no confidence depends on them."""

    def __init__(self, database: Database, answerer: Answerer) -> None:
        self._passages, self._answerer = SqlPassages(database), answerer

    def ask(self, who: Principal, brief: Brief, text: str) -> Answer:
        scope = Scope(who.workspace_id, collection_ids=brief.collection_ids)
        return self._answerer.plain(self._passages, scope, text, brief.style)

    def hear(
        self, who: Principal, wordings: Sequence[Wording], agents: Mapping[str, Brief], *, to_close: bool
    ) -> Heard:
        """Up to the first that is not answered, or to close not surely enough."""
        heard = Heard()
        for one in wordings:
            known: list[tuple[Brief, Answer]] = []
            for brief in (agents[agent_id] for agent_id in one.agents if agent_id in agents):
                answer = next((answer for other, answer in known if _same(other, brief)), None)
                if answer is None:
                    answer = self.ask(who, brief, one.text)
                    known.append((brief, answer))
                    heard.asks += 1
                if answer.trace is not None:
                    heard.places[one.id] = places(answer.trace)
                needed = closing_threshold(brief.style.threshold) if to_close else 0.0
                if not answer.answered or answer.confidence < needed:
                    heard.failed = True
                    return heard
                heard.proofs.append(_proof(one, brief, answer))
        return heard


def _same(one: Brief, other: Brief) -> bool:
    """Whether they answer alike."""
    return (one.collection_ids, one.style) == (other.collection_ids, other.style)


def _proof(one: Wording, brief: Brief, answer: Answer) -> Proof:
    quote = answer.quotes[0]
    stored = quote.passage.stored
    return Proof(
        one.id, brief.agent_id, stored.document_id, stored.external_id, stored.collection_id, stored.version,
        stored.chunk_index, quote.text, answer.confidence,
    )  # fmt: skip
