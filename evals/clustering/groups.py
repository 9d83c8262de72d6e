"""Ways to group questions by a matrix of similarities, and how well the groups agree with the intents."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from core.embedding.protocol import Floats

Groups = npt.NDArray[np.int64]
# similarities; most of those that matter are small probabilities
CUTS = np.concatenate([np.arange(0.005, 0.1, 0.005), np.arange(0.1, 0.9, 0.01)])


class Tree:
    """Agglomerative clustering with average linkage (what scikit-learn's gives, cut anywhere without a new fit)."""

    def __init__(self, similarity: Floats) -> None:
        distance = np.maximum(1 - (similarity + similarity.T) / 2, 0)
        np.fill_diagonal(distance, 0)
        self._tree = linkage(squareform(distance, checks=False), "average")

    def cut(self, similarity: float) -> Groups:
        """Groups whose mean similarity is at least this."""
        found: Groups = fcluster(self._tree, 1 - similarity, "distance")
        return found


def pairwise_f1(groups: Sequence[int] | Groups, intents: npt.NDArray[np.str_]) -> float:
    """Of pairs in one group against pairs of one intent."""
    made, gold = list(map(int, groups)), intents.tolist()
    right, found, wanted = (_pairs(Counter(one)) for one in (zip(made, gold, strict=True), made, gold))
    return 2 * right / (found + wanted) if found + wanted else 0.0


def _pairs(counts: Counter[object]) -> int:
    return sum(n * (n - 1) // 2 for n in counts.values())
