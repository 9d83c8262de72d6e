"""Confidence: a logistic regression over features of the search and of the answer, so that 0.8 means 8 of 10.

    confidence = 1 / (1 + exp(-(bias + Σ weight · feature)))

Features, all in 0..1: `cosine`, the best passage's; `coverage`, the weighed share of the question's terms in the best
sentence; `passage_coverage`, the same in the best passage; `margin`, the best passage's cosine less the fifth's;
`agreement`, whether both branches put the same passage first. `confidence.json` beside this file holds the
coefficients, fitted by `python -m evals.fit_confidence`; `docs/confidence.md` has the report.

`codes` is set by hand: the public sets that the rest is fitted on hardly name part numbers. A code of the question that
stands nowhere in what was found means that something else is answered; one that the quoted statement holds whole is
found beyond doubt, whatever the embedding makes of it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from retrieval.passages import Passage

NAMES = ("cosine", "coverage", "passage_coverage", "margin", "agreement")
CODES_WEIGHT = 2.5
MODEL_FILE = Path(__file__).with_name("confidence.json")


def features(
    passages: Sequence[Passage], coverage: float, passage_coverage: float, codes: float = 0.0
) -> dict[str, float]:
    """The features of one answer by name. `codes`: 1 all of the question's in the quote, -1 one of them nowhere."""
    words = {"coverage": coverage, "passage_coverage": passage_coverage, "codes": codes}
    cosines = sorted((p.cosine for p in passages if p.cosine is not None), reverse=True)
    if not cosines:
        return {**dict.fromkeys(NAMES, 0.0), **words}
    sparse_best = max(passages, key=lambda p: p.bm25 or 0.0)
    dense_best = max(passages, key=lambda p: p.cosine or 0.0)
    fifth = cosines[min(4, len(cosines) - 1)]
    return {
        "cosine": max(0.0, cosines[0]),
        "margin": max(0.0, cosines[0] - fifth),
        "agreement": float(sparse_best is dense_best),
        **words,
    }


def confidence(values: Mapping[str, float]) -> float:
    """A probability, 0 to 1; 0 when nothing was found."""
    if not any(values.values()):
        return 0.0
    bias, weights = _model()
    logit = bias + sum(weight * values[name] for name, weight in weights.items())
    logit += CODES_WEIGHT * values.get("codes", 0.0)
    return round(1 / (1 + math.exp(-logit)), 4)


@lru_cache(maxsize=1)
def _model() -> tuple[float, dict[str, float]]:
    stored = json.loads(MODEL_FILE.read_text())
    return float(stored["bias"]), {name: float(stored["weights"][name]) for name in NAMES}
