"""Ways to group questions by a matrix of similarities, and how well the groups agree with the intents."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage  # type: ignore[import-untyped]
from scipy.spatial.distance import squareform  # type: ignore[import-untyped]

from core.embedding.protocol import Floats
from retrieval.paraphrase.model import CROWD, REPRESENTATIVES, Thresholds

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


def assigned(similarity: Floats, by: Thresholds) -> Groups:
    """Online, as `domain.unanswered.groups` does it but over all pairs: each question, in order, into the group with
    the highest mean similarity to its first representatives, or into a new one where none is similar enough."""
    count = 0
    groups = np.empty(len(similarity), np.int64)
    sums = np.zeros_like(similarity)  # of each group's representatives with every question
    sizes = np.zeros(len(similarity), np.float32)
    for row in range(len(similarity)):
        means = sums[:count, row] / sizes[:count]
        belongs = means >= by.join(sizes[:count])
        best = int(np.where(belongs, means, -1).argmax()) if belongs.any() else count
        if sizes[best] < REPRESENTATIVES:
            sizes[best] += 1
            sums[best] += similarity[row]
        count = max(count, best + 1)
        groups[row] = best
    return groups


class Merging:
    """Groups by the mean similarity of all pairs of their first representatives, average linkage."""

    def __init__(self, similarity: Floats, groups: Groups) -> None:
        self._groups, count = groups, int(groups.max()) + 1
        own = np.zeros((count, len(similarity)), np.float32)
        for group in range(count):
            own[group, np.flatnonzero(groups == group)[:REPRESENTATIVES]] = 1
        own /= own.sum(axis=1, keepdims=True)
        self._tree = Tree((own @ similarity @ own.T).astype(np.float32)) if count > 1 else None

    def merged(self, by: Thresholds) -> Groups:
        """Those that have become one, as `retrieval.paraphrase.merging` has it."""
        if self._tree is None:
            return self._groups
        crowds, few = self._tree.cut(by.merge(len(self._groups))), self._tree.cut(by.single)
        questions = np.bincount(crowds, np.bincount(self._groups))
        found: Groups = np.where(questions[crowds] >= CROWD, crowds, few + len(self._groups))[self._groups]
        return found


def _pairs(counts: Counter[object]) -> int:
    return sum(n * (n - 1) // 2 for n in counts.values())
