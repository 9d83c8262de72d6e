"""Trying out a change before it is made: questions are asked as things are and as they would be, within some seconds.

The open items nearest to a draft are asked with it; the answered questions nearest to it are asked with and without it.
Nothing is stored. What could not be asked in time is counted.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.database import Database
from core.embedding.protocol import Floats
from domain.conversations.service import Brief
from domain.gaps.agents import briefs
from domain.gaps.asking import Asker, Reply, Wording, closing_threshold, wording
from domain.gaps.drafts import Draft
from domain.gaps.engine import Engine
from domain.gaps.gap_repository import GapRepository
from domain.gaps.nearness import phrased
from domain.models import ClusterStatus, QuestionCluster
from domain.principal import Principal
from retrieval.answers import Answer

PATIENCE_S = 10.0
MOST_OPEN, MOST_ANSWERED = 25, 25  # questions, the nearest
MOST_PHRASINGS = 10  # of each
MOST_KNOWN = 25_000  # phrasings among which the nearest are looked for
NEAR = 0.3  # cosine


@dataclass(frozen=True, slots=True)
class Tried:
    """An item asked with the draft. `confidence` is that of its answer, or of the phrasing that keeps it open; it would
    close from `needed` on."""

    cluster: QuestionCluster
    closes: bool
    question: str
    confidence: float
    needed: float
    quote: str | None


@dataclass(frozen=True, slots=True)
class Said:
    answered: bool
    confidence: float
    document_id: str | None
    quote: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """An answered question whose answer would be another one, or none."""

    cluster: QuestionCluster
    before: Said
    after: Said


@dataclass(slots=True)
class Trial:
    """`left` of those near it could not be asked in time."""

    tried: list[Tried] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    checked: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Question:
    """A cluster with what is asked for it."""

    cluster: QuestionCluster
    wordings: Sequence[Wording]


class Trials:
    def __init__(self, database: Database, engine: Engine, patience_s: float = PATIENCE_S) -> None:
        self._database, self._engine, self._patience_s = database, engine, patience_s

    def of_draft(self, who: Principal, draft: Draft, item_id: str) -> Trial:
        """What would be if the draft were a document; the item first."""
        opened = [item_id, *self._near(who, draft.vectors, [ClusterStatus.OPEN], MOST_OPEN)]
        answered = self._near(who, draft.vectors, [None, ClusterStatus.RESOLVED], MOST_ANSWERED)
        over, ends = self._engine.over(draft), time.monotonic() + self._patience_s
        questions, agents = self._read(who, list(dict.fromkeys([*opened, *answered])))
        trial = Trial()
        for cluster_id in dict.fromkeys(opened):
            if cluster_id in questions and _in_time(trial, ends):
                tried = _tried(over, who, questions[cluster_id], agents, draft.document_id)
                trial.tried += [tried] if tried else []
        for cluster_id in [one for one in answered if one not in opened]:
            if cluster_id in questions and _in_time(trial, ends):
                trial.changed += _changed(self._engine.asker, over, who, questions[cluster_id], agents)
        return trial

    def alone(self, who: Principal, draft: Draft, item_id: str) -> Said | None:
        """What the item as it was first asked would be answered with the draft; None where no agent is left to ask."""
        questions, agents = self._read(who, [item_id])
        for question in questions.values():
            first = question.wordings[0]
            for brief in (agents[one] for one in first.agents if one in agents):
                return _said(self._engine.over(draft).ask(who, brief, first.text))
        return None

    def of_removal(self, who: Principal, document_ids: Sequence[str], vectors: Floats) -> Trial:
        """What would be without these documents, whose passages' vectors these are: answers that would change."""
        with self._database.read() as session:
            rests = sorted({one[0] for one in GapRepository(session, who).proved_by(document_ids)})
        near = self._near(who, vectors, [None, ClusterStatus.RESOLVED], MOST_ANSWERED)
        questions, agents = self._read(who, list(dict.fromkeys([*rests, *near])))
        without, ends = self._engine.asker.leaving_out(document_ids), time.monotonic() + self._patience_s
        trial = Trial()
        for question in questions.values():
            if _in_time(trial, ends):
                trial.changed += _changed(self._engine.asker, without, who, question, agents)
        return trial

    def _near(self, who: Principal, vectors: Floats, statuses: Sequence[str | None], most: int) -> list[str]:
        """Clusters of these statuses, the nearest first."""
        if not len(vectors):
            return []
        with self._database.read() as session:
            rows = GapRepository(session, who).vectors(statuses, MOST_KNOWN)
        known = phrased(rows, self._engine.model)
        if not known.clusters:
            return []
        near = known.closest(vectors)
        order = [known.clusters[row] for row in np.argsort(-near).tolist() if near[row] >= NEAR]
        return list(dict.fromkeys(order))[:most]

    def _read(self, who: Principal, cluster_ids: Sequence[str]) -> tuple[dict[str, _Question], dict[str, Brief]]:
        with self._database.read() as session:
            several = GapRepository(session, who).several(cluster_ids, MOST_PHRASINGS)
            found = {one.id: _Question(one, [wording(row) for row in own]) for one, own in several}
            wanted = {agent for one in found.values() for words in one.wordings for agent in words.agents}
            return found, briefs(session, who, sorted(wanted))


def _in_time(trial: Trial, ends: float) -> bool:
    is_in_time = time.monotonic() < ends
    trial.checked += is_in_time
    trial.left += not is_in_time
    return is_in_time


def _tried(
    over: Asker, who: Principal, question: _Question, agents: Mapping[str, Brief], document_id: str
) -> Tried | None:
    heard = over.hear(who, question.wordings, agents, to_close=True)
    replies = [*heard.replies, *([heard.stuck] if heard.stuck else [])]
    if not replies:
        return None
    rests = any(reply.proof().document_id == document_id for reply in heard.replies)
    shown: Reply = heard.stuck or next((one for one in replies if one.proof().document_id == document_id), replies[0])
    needed = closing_threshold(shown.brief.style.threshold)
    quote = shown.answer.quotes[0].text if shown.answer.answered else None
    closes = heard.stuck is None and rests
    return Tried(question.cluster, closes, shown.wording.text, shown.answer.confidence, needed, quote)


def _changed(
    now: Asker, then: Asker, who: Principal, question: _Question, agents: Mapping[str, Brief]
) -> list[Changed]:
    """By the first agent that answers it now; as it was first asked."""
    first = question.wordings[0]
    for brief in (agents[one] for one in first.agents if one in agents):
        before = _said(now.ask(who, brief, first.text))
        if before.answered:
            after = _said(then.ask(who, brief, first.text))
            is_same = (before.answered, before.quote) == (after.answered, after.quote)
            return [] if is_same else [Changed(question.cluster, before, after)]
    return []


def _said(answer: Answer) -> Said:
    if not answer.answered:
        return Said(False, answer.confidence, None, None)
    first = answer.quotes[0]
    return Said(True, answer.confidence, first.passage.stored.document_id, first.text)
