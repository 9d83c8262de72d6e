"""The phrasings of a workspace in memory, to find the cluster that a new one belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.paraphrase import Asked, Known, PairModel
from retrieval.paraphrase.model import REPRESENTATIVES

NEAREST = 192  # phrasings, among which the clusters are that a new one may belong to
SHORTLIST = 32  # clusters, nearest first, that a new phrasing is compared with
RELATED = 0.5  # cosine from which a new cluster is of the same category as the nearest


@dataclass(frozen=True, slots=True)
class Place:
    """Where a phrasing belongs."""

    phrasing_id: str
    cluster_id: str
    category: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """`cluster_id` None: it belongs to none; `related` is the category of the nearest, if that is near enough."""

    row: int
    cluster_id: str | None
    related: str | None


class Groups:
    """A row a phrasing. What is gone keeps its row, empty, until all are loaded again. Not thread safe."""

    def __init__(self, model: PairModel, places: Sequence[Place], questions: Sequence[Asked]) -> None:
        self._model, self._known = model, Known(questions)
        self._phrasings: list[str | None] = [one.phrasing_id for one in places]
        self._clusters: list[str | None] = [one.cluster_id for one in places]
        self._categories = {one.cluster_id: one.category for one in places}
        self._members: dict[str, list[int]] = {}
        self._arrange()

    def __len__(self) -> int:
        return len(self._phrasings)

    def __contains__(self, cluster_id: str | None) -> bool:
        return cluster_id in self._members

    def add(self, question: Asked) -> Found:
        """Into a row of its own, which has no place yet."""
        cosines = self._known.cosines(question)
        near = self._known.nearest(cosines, NEAREST).tolist()
        row = self._known.add(question, cosines)
        self._phrasings.append(None)
        self._clusters.append(None)
        clusters = list(dict.fromkeys(one for other in near if (one := self._clusters[other]) is not None))
        own = next((one for one in near if self._clusters[one] is not None), None)
        related = None
        if own is not None and cosines[own] >= RELATED:
            related = self._categories.get(clusters[0]) or None
        return Found(row, self._nearest(row, clusters[:SHORTLIST]), related)

    def settle(self, row: int, place: Place) -> None:
        """Where the question of a row belongs."""
        self._phrasings[row], self._clusters[row] = place.phrasing_id, place.cluster_id
        self._members.setdefault(place.cluster_id, []).append(row)
        self._categories.setdefault(place.cluster_id, place.category)

    def forget(self, rows: Sequence[int]) -> None:
        """They have no place."""
        for row in rows:
            self._phrasings[row] = self._clusters[row] = None
        self._arrange()

    def arrange(self, places: Sequence[Place]) -> list[Place]:
        """As all phrasings are now; those that are not known yet."""
        now = {one.phrasing_id: one.cluster_id for one in places}
        for row, phrasing_id in enumerate(self._phrasings):
            self._clusters[row] = now.get(phrasing_id) if phrasing_id else None
            self._phrasings[row] = phrasing_id if self._clusters[row] else None
        self._categories = {one.cluster_id: one.category for one in places}
        self._arrange()
        known = set(self._phrasings)
        return [one for one in places if one.phrasing_id not in known]

    def _arrange(self) -> None:
        self._members = {}
        for row, cluster_id in enumerate(self._clusters):
            if cluster_id is not None:
                self._members.setdefault(cluster_id, []).append(row)

    def _nearest(self, row: int, clusters: Sequence[str]) -> str | None:
        """That whose representatives most probably ask the same, on average; None where that is not probable enough."""
        if not clusters:
            return None
        members = [self._members[one][:REPRESENTATIVES] for one in clusters]
        rows = [one for own in members for one in own]
        starts = np.cumsum([0, *(len(own) for own in members)])[:-1]
        sums = np.add.reduceat(self._model.probabilities(self._known, row, rows), starts)
        means = sums / [len(own) for own in members]
        belongs = means >= self._model.thresholds.join([len(own) for own in members])
        return clusters[int(np.where(belongs, means, -1).argmax())] if belongs.any() else None
