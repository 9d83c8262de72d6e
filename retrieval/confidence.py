"""Confidence: a logistic regression over features of the search and of the answer, so that 0.8 means 8 of 10.

    confidence = 1 / (1 + exp(-(bias + Σ weight · feature)))

Features, all in 0..1: `cosine`, the best passage's; `coverage`, the weighed share of the question's terms in the best
sentence; `passage_coverage`, the same in the best passage; `margin`, the best passage's cosine over the fifth's;
`agreement`, whether both branches put the same passage first. The coefficients below were fitted by
`python -m evals.fit_confidence`; `docs/confidence.md` has the report.
"""

import math
from collections.abc import Mapping, Sequence

from retrieval.passages import Passage

BIAS = -5.0
WEIGHTS: Mapping[str, float] = {
    "cosine": 5.0,
    "coverage": 1.5,
    "passage_coverage": 2.5,
    "margin": 2.0,
    "agreement": 0.4,
}


def features(passages: Sequence[Passage], coverage: float, passage_coverage: float) -> dict[str, float]:
    """The features of one answer; all zero without passages."""
    cosines = sorted((p.cosine for p in passages if p.cosine is not None), reverse=True)
    if not cosines:
        return dict.fromkeys(WEIGHTS, 0.0) | {"coverage": coverage, "passage_coverage": passage_coverage}
    sparse_best = max(passages, key=lambda p: p.bm25 or 0.0)
    dense_best = max(passages, key=lambda p: p.cosine or 0.0)
    fifth = cosines[min(4, len(cosines) - 1)]
    return {
        "cosine": max(0.0, cosines[0]),
        "coverage": coverage,
        "passage_coverage": passage_coverage,
        "margin": max(0.0, cosines[0] - fifth),
        "agreement": float(sparse_best is dense_best),
    }


def confidence(values: Mapping[str, float]) -> float:
    """A probability, 0 to 1; 0 when nothing was found."""
    if not any(values.values()):
        return 0.0
    logit = BIAS + sum(weight * values[name] for name, weight in WEIGHTS.items())
    return round(1 / (1 + math.exp(-logit)), 4)
