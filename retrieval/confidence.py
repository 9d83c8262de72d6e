"""Confidence: a logistic regression over features of the search, the answer and the reader, so that 0.8 means 8 of 10.

    confidence = 1 / (1 + exp(-(bias + Σ weight · feature)))

`confidence.json` beside this file holds two sets of coefficients, one for answers that a reader has read and one for
those that it has not (other languages, `INSYDR_READER=none`), fitted by `python -m evals.fit_confidence`;
`docs/confidence.md` has the features' meaning and the report.

`codes` is set by hand: the public sets that the rest is fitted on hardly name part numbers. A code of the question that
stands nowhere in what was found means that something else is answered; one that the quoted statement holds whole is
found beyond doubt, whatever the embedding makes of it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from retrieval.answers import Quote
from retrieval.extract import Ranking
from retrieval.passages import Passage
from retrieval.reading import Heard
from retrieval.scaling import probability

WORDS = ("cosine", "margin", "agreement", "first", "coverage", "passage_coverage", "telling")
READER = ("relevance", "span")
CODES_WEIGHT = 2.5
MOST_RELEVANCE, MOST_SPAN = 6.0, 12.0  # log-odds; beyond them a reader says nothing more
MOST_TELLING = 12  # words
MODEL_FILE = Path(__file__).with_name("confidence.json")


@dataclass(frozen=True, slots=True)
class Model:
    """`means` are those of the features in the answers that it was fitted on."""

    bias: float
    weights: Mapping[str, float]
    means: Mapping[str, float]


def features(passages: Sequence[Passage], ranking: Ranking, quotes: Sequence[Quote]) -> dict[str, float]:
    """The features of one answer by name; none where there is no answer. `relevance` and `span` only where the first
    quote's passage was read."""
    if not quotes:
        return {}
    words = {
        "coverage": ranking.best_coverage,
        "passage_coverage": ranking.passage_coverage,
        "telling": min(len(ranking.weights), MOST_TELLING) / MOST_TELLING,
        "codes": ranking.codes,
    }
    quoted = quotes[0].passage
    return _search(passages, quoted) | words | _reading(ranking.heard.get(quoted.stored.chunk_id))


def confidence(values: Mapping[str, float]) -> float:
    """A probability, 0 to 1; 0 when there is no answer."""
    if not values:
        return 0.0
    model = model_of(values)
    logit = model.bias + sum(weight * values[name] for name, weight in model.weights.items())
    logit += CODES_WEIGHT * values.get("codes", 0.0)
    return round(probability(logit), 4)


def model_of(values: Mapping[str, float]) -> Model:
    """The coefficients for an answer with these features."""
    return _models()["reader" if "relevance" in values else "words"]


def _search(passages: Sequence[Passage], quoted: Passage) -> dict[str, float]:
    cosines = sorted((p.cosine for p in passages if p.cosine is not None), reverse=True) or [0.0]
    sparse_best = max(passages, key=lambda p: p.bm25 or 0.0)
    dense_best = max(passages, key=lambda p: p.cosine or 0.0)
    fifth = cosines[min(4, len(cosines) - 1)]
    return {
        "cosine": max(0.0, quoted.cosine or 0.0),
        "margin": max(0.0, cosines[0] - fifth),
        "agreement": float(sparse_best is dense_best),
        "first": float(quoted is passages[0]),
    }


def _reading(heard: Heard | None) -> dict[str, float]:
    if heard is None:
        return {}
    return {
        "relevance": _held(heard.relevance, MOST_RELEVANCE),
        "span": _held(heard.margin if heard.span else -MOST_SPAN, MOST_SPAN),
    }


def _held(value: float, most: float) -> float:
    """-1 to 1."""
    return max(-most, min(most, value)) / most


@lru_cache(maxsize=1)
def _models() -> dict[str, Model]:
    stored = json.loads(MODEL_FILE.read_text())
    return {name: Model(**stored[name]) for name in ("words", "reader")}
