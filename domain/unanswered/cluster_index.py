"""The clusters of a workspace in memory, to find those that a question may belong to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.embedding.protocol import Floats

FIRST_ROWS = 256


@dataclass(frozen=True, slots=True)
class Near:
    """A cluster and the cosine of its question with the one that was asked."""

    cluster_id: str
    cosine: float
    category: str | None


class ClusterIndex:
    """Vectors of unit length, a row a cluster; rows of clusters that are gone stay empty until the next load."""

    def __init__(self, dimension: int) -> None:
        self._rows: Floats = np.zeros((FIRST_ROWS, dimension), np.float32)
        self._ids: list[str] = []
        self._categories: list[str | None] = []
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, cluster_id: str) -> bool:
        return cluster_id in self._places

    def add(self, cluster_id: str, vector: Floats, category: str | None) -> None:
        place = len(self._ids)
        if place == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[place] = vector
        self._places[cluster_id] = place
        self._ids.append(cluster_id)
        self._categories.append(category)

    def remove(self, cluster_ids: Sequence[str]) -> None:
        for cluster_id in cluster_ids:
            place = self._places.pop(cluster_id, None)
            if place is not None:
                self._rows[place] = 0

    def nearest(self, vector: Floats, count: int) -> list[Near]:
        """The closest first; at most `count`."""
        if not self._places:
            return []
        cosines = self._rows[: len(self._ids)] @ vector
        best = np.argpartition(-cosines, count)[:count] if count < len(cosines) else np.arange(len(cosines))
        order = best[np.argsort(-cosines[best], kind="stable")]
        near = (Near(self._ids[place], float(cosines[place]), self._categories[place]) for place in order)
        return [one for one in near if one.cluster_id in self._places]
