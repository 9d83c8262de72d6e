"""Groups of questions that have turned out to be one: average linkage over the mean probabilities between them.

Only groups that hold near questions are compared, so that time grows with their number and not with its square; what
was not compared counts as improbable. Groups that are few questions even together have to be more alike: a crowd of
wordings is evidence, a pair is none. Average linkage is scikit-learn's (UPGMA, Sokal and Michener
1958).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrieval.paraphrase.known import Known
from retrieval.paraphrase.model import CROWD, REPRESENTATIVES, PairModel
from retrieval.paraphrase.neighbours import Rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CANDIDATES = 96  # groups, those with the nearest questions, that one is compared with
NEAREST = 256  # questions, among which those groups are
TOGETHER = 2_000  # groups that are linked at once: 32 MB of distances
_EDGE = 0.5  # of the threshold: less probable pairs are linked through others only
_TIGHTER = 1.25


def merged(
    model: PairModel, known: Known, groups: Sequence[Sequence[int]], on_done: Callable[[int, int], None] | None = None
) -> list[list[int]]:
    """Places in `groups` (rows of `known`) of those that are one, for each such; `on_done` gets how many of all groups
    were compared."""
    if len(groups) < 2:
        return []
    spoken = [list(own[:REPRESENTATIVES]) for own in groups]
    pair, loose = model.thresholds.pair, model.thresholds.merge(len(known))
    means = _means(model, known, spoken, on_done)
    found: list[list[int]] = []
    for places in _components(means, loose * _EDGE):
        for own in _linked(means, places, loose):
            if sum(len(groups[place]) for place in own) >= CROWD:
                found.append(own.tolist())
            else:
                found += [few.tolist() for few in _linked(means, own, pair)]
    return sorted(found)


def _means(
    model: PairModel, known: Known, groups: Sequence[Sequence[int]], on_done: Callable[[int, int], None] | None
) -> "csr_matrix":
    """Mean probability of each compared pair of groups, symmetric, shape (groups, groups)."""
    from scipy.sparse import coo_matrix

    of_row = {row: place for place, own in enumerate(groups) for row in own}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for place, own in enumerate(groups):
        others = _candidates(known, own, of_row, place)
        if others:
            members = [row for other in others for row in groups[other]]
            starts = np.cumsum([0, *(len(groups[other]) for other in others)])[:-1]
            same = np.mean([model.probabilities(known, row, members) for row in own], axis=0)
            sums = np.add.reduceat(same, starts)
            rows += [place] * len(others)
            columns += others
            values += (sums / [len(groups[other]) for other in others]).tolist()
        if on_done is not None:
            on_done(place + 1, len(groups))
    found = coo_matrix((values, (rows, columns)), (len(groups), len(groups)), dtype=np.float32).tocsr()
    return found.maximum(found.T)


def _candidates(known: Known, own: Sequence[int], of_row: dict[int, int], place: int) -> list[int]:
    """Groups of the nearest questions, nearest first."""
    near: dict[int, float] = {}
    for row in own:
        cosines = known.cosines_of(row)
        for other in known.nearest(cosines, NEAREST).tolist():
            group = of_row.get(other)
            if group is not None and group != place:
                near[group] = max(float(cosines[other]), near.get(group, -1.0))
    return sorted(near, key=lambda one: -near[one])[:CANDIDATES]


def _components(means: "csr_matrix", least: float) -> Iterator[Rows]:
    """Places of groups that are tied by pairs of at least this; larger ones come apart at a higher value."""
    from scipy.sparse.csgraph import connected_components

    todo = [(np.arange(means.shape[0]), least)]
    while todo:
        places, edge = todo.pop()
        own = means[places][:, places]
        count, labels = connected_components(own >= edge, directed=False)
        order = np.argsort(labels, kind="stable")
        for part in np.split(places[order], np.cumsum(np.bincount(labels, minlength=count))[:-1]):
            if len(part) > TOGETHER:
                todo.append((part, edge * _TIGHTER))
            elif len(part) > 1:
                yield part


def _linked(means: "csr_matrix", places: Rows, threshold: float) -> list[Rows]:
    """Those of the places that are one at the threshold, at least two each."""
    from sklearn.cluster import AgglomerativeClustering

    distances = 1 - means[places][:, places].toarray()
    np.fill_diagonal(distances, 0)
    linking = AgglomerativeClustering(
        n_clusters=None, distance_threshold=1 - threshold, metric="precomputed", linkage="average"
    )
    labels = linking.fit_predict(distances)
    parts = (places[labels == label] for label in range(int(labels.max()) + 1))
    return [own for own in parts if len(own) > 1]
