"""The probability that two questions ask the same: a logistic regression over `features`.

    probability = 1 / (1 + exp(-(bias + Σ weight · feature)))

`weights.json` beside this file holds a set of coefficients for questions among known ones and one for two questions
alone, fitted by `python -m evals.clustering fit`; the more neighbours tell, the less the latter count. No coefficient
goes against its feature's meaning: what speaks for the same meaning never lowers the probability, which is what made
weights transfer to other questions.

The weights of `BY_HAND` are set, not fitted: the public sets of intents hardly have two questions that differ in a
number or a name alone, and have no passages.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.embedding.protocol import Floats
from retrieval.paraphrase.features import PAIR
from retrieval.paraphrase.known import Known
from retrieval.paraphrase.neighbours import Rows

AMONG = (
    *PAIR,
    "overlap",  # Σ min / Σ max of the neighbourhoods, 0 to 1
    "standing",  # cosine less the mean of how close the nearest of either are
)
BY_HAND: Mapping[str, float] = {"passages": 1.0, "numbers_differ": -6.0, "names_differ": -6.0}
CROWD = 8  # questions
FEW, MANY = 200, 2_000  # questions
REPRESENTATIVES = 8  # questions of a group, the first ones, that speak for it
MODEL_FILE = Path(__file__).with_name("weights.json")
_FARTHEST = 30.0  # log-odds


@dataclass(frozen=True, slots=True)
class Coefficients:
    """`weights` of each feature, in the order of the features."""

    bias: float
    weights: Floats

    @classmethod
    def of(cls, names: Sequence[str], bias: float, weights: Mapping[str, float]) -> "Coefficients":
        """From stored ones; what is set by hand is added."""
        return cls(bias, np.array([BY_HAND.get(name, weights.get(name, 0.0)) for name in names], np.float32))

    def logits(self, rows: Floats) -> Floats:
        """Shape (rows, features) → (rows,), log-odds."""
        found: Floats = rows @ self.weights + np.float32(self.bias)
        return found


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Mean probabilities from which questions belong together: with one other question `single`, in a crowd less. Where
    many word the same thing each speaks for the others; of two alone the model may be wrong.

    By night groups are merged: those that are less than `CROWD` questions together from `pair` on, larger ones from
    `merge_few` where `FEW` questions are known and from `merge_many` where `MANY` are, of which more ask the same.
    """

    single: float
    crowd: float
    pair: float
    merge_few: float
    merge_many: float

    def join(self, sizes: npt.ArrayLike) -> Floats:
        """For a new question into groups of so many representatives."""
        found: Floats = self.crowd + (self.single - self.crowd) / np.asarray(sizes, np.float32)
        return found

    def merge(self, questions: int) -> float:
        """For two groups of a crowd, among so many known questions."""
        share = np.log(max(1, questions) / FEW) / np.log(MANY / FEW)
        return float(self.merge_few + (self.merge_many - self.merge_few) * np.clip(share, 0, 1))


@dataclass(frozen=True, slots=True)
class PairModel:
    alone: Coefficients
    among: Coefficients
    thresholds: Thresholds

    def probabilities(self, known: Known, row: int, rows: Sequence[int] | Rows) -> Floats:
        """Of a known question with other known ones, shape (len(rows),)."""
        if not len(rows):
            return np.empty(0, np.float32)
        return self.of_features(known.features(row, rows), known.neighbours_known())

    def all_probabilities(self, known: Known) -> Floats:
        """Of every pair, shape (questions, questions), symmetric, 1 with itself: 4 bytes a pair, so for some thousand
        questions only."""
        found = np.empty((len(known), len(known)), np.float32)
        for row, values in enumerate(known.all_features()):
            found[row] = self.of_features(values, known.neighbours_known())
        np.fill_diagonal(found, 1)
        return found

    def of_features(self, values: Floats, neighbours_known: float) -> Floats:
        """Shape (rows, features of known questions) → (rows,), 0 to 1."""
        alone, among = self.alone.logits(values[:, : len(PAIR)]), self.among.logits(values)
        return _sigmoid((1 - neighbours_known) * alone + neighbours_known * among)


@lru_cache(maxsize=1)
def load_pair_model() -> PairModel:
    """The one that is shipped."""
    stored = json.loads(MODEL_FILE.read_text())
    return PairModel(
        alone=Coefficients.of(PAIR, **stored["alone"]),
        among=Coefficients.of(AMONG, **stored["among"]),
        thresholds=Thresholds(**stored["thresholds"]),
    )


def _sigmoid(logits: npt.ArrayLike) -> Floats:
    odds = np.exp(-np.clip(np.asarray(logits, np.float32), -_FARTHEST, _FARTHEST))
    return (1 / (1 + odds)).astype(np.float32)
