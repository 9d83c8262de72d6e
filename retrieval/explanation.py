"""Why a confidence is what it is, in words and numbers.

A feature's effect is its weight times how far it is from its mean in the answers that the weights were fitted on, in
log-odds: the effects and the usual confidence make the confidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from retrieval.confidence import CODES_WEIGHT, confidence, model_of
from retrieval.scaling import AS_IT_IS, Scaling, log_odds

# said where a feature is above its mean, and where it is below
_WORDS = {
    "cosine": (
        "The quoted passage is close to the question in meaning.",
        "The quoted passage is not close to the question in meaning.",
    ),
    "margin": (
        "The best passage stands out from the others.",
        "Several passages are about as close as the best one.",
    ),
    "agreement": (
        "Search by meaning and search by words put the same passage first.",
        "Search by meaning and search by words put different passages first.",
    ),
    "first": (
        "The quoted passage is the first that was found.",
        "Other passages were found before the quoted one.",
    ),
    "telling": (
        "The question has many telling words.",
        "The question has few telling words.",
    ),
    "coverage": (
        "The quoted statement and what stands above it have most of the question's telling words.",
        "The quoted statement and what stands above it have few of the question's telling words.",
    ),
    "passage_coverage": (
        "One passage has most of the question's telling words.",
        "No passage has many of the question's telling words.",
    ),
    "relevance": (
        "The reader finds that the quoted passage answers the question.",
        "The reader doubts that the quoted passage answers the question.",
    ),
    "span": (
        "The reader finds words in it that answer.",
        "The reader finds no words in it that answer.",
    ),
    "codes": (
        "The quoted statement has all codes that the question names.",
        "A code that the question names stands in nothing that was found.",
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """`value` and `usual` are the feature's, `effect` is in log-odds: positive makes surer."""

    feature: str
    words: str
    value: float
    usual: float
    effect: float


def reasons(features: Mapping[str, float], calibration: Scaling = AS_IT_IS) -> list[Reason]:
    """Of the confidence of `features`, the strongest first; none where there was nothing to be sure of."""
    if not features:
        return []
    model = model_of(features)
    found = [
        _reason(name, features[name], model.means[name], weight) for name, weight in model.weights.items()
    ]  # fmt: skip
    if codes := features.get("codes"):
        found.append(_reason("codes", codes, 0.0, CODES_WEIGHT))
    if calibration != AS_IT_IS:
        found.append(_corrected(confidence(features), calibration))
    return sorted(found, key=lambda one: -abs(one.effect))


def _corrected(raw: float, calibration: Scaling) -> Reason:
    made = calibration.of_one(raw)
    before, after = log_odds(np.array([raw, made]))
    more = "The workspace's labelled answers were right more often than the confidence said."
    less = "The workspace's labelled answers were right less often than the confidence said."
    return Reason("calibration", more if made >= raw else less, made, raw, round(float(after - before), 4))


def _reason(name: str, value: float, usual: float, weight: float) -> Reason:
    above, below = _WORDS[name]
    words = above if value >= usual else below
    return Reason(name, words, round(value, 4), round(usual, 4), round(weight * (value - usual), 4))
