"""Which open items new content may answer: those to whose phrasings a new passage is near, found by their vectors.

What changed is looked at in pages. A document is compared with all open phrasings by one product of matrices, passages
a page at a time; an item is as urgent as its nearest passage is near.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.database import Database
from core.embedding import cache
from core.embedding.protocol import Floats
from domain.gaps.answers import NAMED
from domain.gaps.changes_repository import URGENT, changes, forget
from domain.gaps.gap_repository import GapRepository, Live
from domain.models import ClusterStatus, ContentChange
from domain.principal import Principal, system
from domain.unanswered.vectors import unpacked

CHANGES = 200  # looked at together
PASSAGES = 500  # compared at once
MOST_PHRASINGS = 25_000  # of open items, those asked last
MOST_NEAR = 2_000  # items that one page of changes may call up, the nearest
MOST_STUCK = 50  # items for which a document that failed is looked at
STALE = 0.05  # as urgent as that their reason is tried out again
NEAR = 0.2  # cosine: of questions and the passages that answer them, 1 to 5 in 100 are farther apart (three sets)


@dataclass(frozen=True, slots=True)
class Phrased:
    """Phrasings by their clusters, with unit vectors, shape (n, d). `strange`: clusters of another embedding model."""

    clusters: Sequence[str]
    vectors: Floats
    strange: Sequence[str]

    def closest(self, passages: Floats) -> Floats:
        """The cosine of each to the nearest of these passages, shape (m, d)."""
        made: Floats = (self.vectors @ passages.T).max(axis=1)
        return made


class Nearness:
    def __init__(self, database: Database, model: str) -> None:
        self._database, self._model = database, model

    def look(self, workspace_id: str) -> bool:
        """At a page of what changed: marks what is to be asked again. Whether there may be more."""
        who = system(workspace_id)
        with self._database.read() as session:
            page = changes(session, workspace_id, CHANGES)
        if not page:
            return False
        stuck = self._of_failures(who, page)
        urgency = dict.fromkeys(stuck, STALE) | self._of_agents(who, page) | self._of_documents(who, page)
        with self._database.write() as session:
            rows = GapRepository(session, who)
            rows.mark(urgency)
            rows.forget_reasons(stuck)
            forget(session, page)
        return len(page) == CHANGES

    def _of_agents(self, who: Principal, page: Sequence[ContentChange]) -> dict[str, float]:
        """What an agent can answer now, nobody knows before it is asked: the items asked for most, and those that it
        proved."""
        agents = sorted({one.agent_id for one in page if one.agent_id})
        if not agents:
            return {}
        with self._database.read() as session:
            rows = GapRepository(session, who)
            return dict.fromkeys(rows.most_failed(MOST_NEAR), 1.0) | dict.fromkeys(rows.resting_on(agents), URGENT)

    def _of_failures(self, who: Principal, page: Sequence[ContentChange]) -> list[str]:
        """What a document says that could not be processed, shows when it is read for an item."""
        ids = sorted({one.document_id for one in page if one.document_id})
        with self._database.read() as session:
            rows = GapRepository(session, who)
            return rows.most_failed(MOST_STUCK) if ids and rows.failed(ids) else []

    def _of_documents(self, who: Principal, page: Sequence[ContentChange]) -> dict[str, float]:
        ids = sorted({one.document_id for one in page if one.document_id})
        if not ids:
            return {}
        with self._database.read() as session:
            rows = GapRepository(session, who)
            live, rests = rows.live(ids), rows.proved_by(ids)
            opened = phrased(rows.vectors([ClusterStatus.OPEN], MOST_PHRASINGS), self._model)
        near = dict.fromkeys(opened.strange, 1.0)
        if opened.clusters and live:
            near |= self._near(who, live, opened)
        # whoever changed them marked what rested on them then; a proof may have been written meanwhile
        versions = {one.id: one.version for one in live}
        replaced = {cluster_id for cluster_id, document, version in rests if versions.get(document) != version}
        answered = [one.answers.removeprefix(NAMED) for one in live if one.answers]
        return near | dict.fromkeys([*replaced, *answered], URGENT)

    def _near(self, who: Principal, documents: Sequence[Live], opened: Phrased) -> dict[str, float]:
        best = np.zeros(len(opened.clusters), np.float32)
        hashes: list[str] = []
        for document in documents:
            for offset in range(0, document.chunks, PASSAGES):
                with self._database.read() as session:
                    hashes += GapRepository(session, who).text_hashes(document, PASSAGES, offset)
                if len(hashes) >= PASSAGES:
                    best, hashes = np.maximum(best, self._closest(who, hashes, opened)), []
        if hashes:
            best = np.maximum(best, self._closest(who, hashes, opened))
        order = np.argsort(-best)[:MOST_NEAR].tolist()
        found: dict[str, float] = {}
        for row in order:
            if best[row] >= NEAR:
                found.setdefault(opened.clusters[row], min(1.0, float(best[row])))
        return found

    def _closest(self, who: Principal, hashes: Sequence[str], opened: Phrased) -> Floats:
        """The cosine of each phrasing to the nearest of these passages."""
        with self._database.read() as session:
            vectors = list(cache.find(session, who.workspace_id, self._model, hashes).values())
        if not vectors:
            return np.zeros(len(opened.clusters), np.float32)
        return opened.closest(np.stack(vectors))


def phrased(rows: Sequence[tuple[str, str, bytes]], model: str) -> Phrased:
    ours = [(cluster_id, unpacked(vector)) for cluster_id, name, vector in rows if name == model]
    strange = sorted({cluster_id for cluster_id, name, _ in rows if name != model})
    vectors = np.stack([vector for _, vector in ours]) if ours else np.zeros((0, 0), np.float32)
    return Phrased([cluster_id for cluster_id, _ in ours], vectors, strange)
