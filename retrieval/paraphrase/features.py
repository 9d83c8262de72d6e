"""What is compared in two questions. Every feature is the same both ways, and 0 where nothing is known.

Positive ones speak for the same meaning, `*_differ` and `length` against it.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from core.embedding.protocol import Floats
from retrieval.paraphrase.asked import Asked, Codes
from retrieval.paraphrase.rarity import Rarity

PAIR = (
    "cosine",  # mean over the embedding models, -1 to 1
    "words",  # Jaccard of words, weighted by rarity
    "contained",  # weight in common, of the lighter question's
    "containing",  # of the heavier one's
    "grams",  # Dice of character trigrams
    "passages",  # Jaccard of the found passages, less what different questions about one thing have in common
    "numbers_differ",
    "names_differ",
    "negation_differs",
    "asks_differ",
    "length",  # absolute log ratio of the numbers of characters
)
_PASSAGES_IN_COMMON = 0.4  # Jaccard of two questions about one thing that do not ask the same: 3 of five passages


class Compared:
    """Questions laid out flat, so that one is compared with all of them in few numpy calls."""

    def __init__(self, questions: Sequence[Asked], rarity: Rarity) -> None:
        self._questions, self._rarity = questions, rarity
        self._words = _Flat([one.words for one in questions])
        self._weights = self._words.sums(rarity.of(self._words.codes))
        self._grams = _Flat([one.grams for one in questions])
        self._sizes = np.array([len(one.grams) for one in questions], np.float32)
        self._lengths = np.array([_length(one) for one in questions], np.float32)
        self._negated = np.array([one.negated for one in questions], np.bool_)
        self._asks = np.array([one.asks for one in questions], np.str_)

    def features(self, one: Asked, cosines: Floats) -> Floats:
        """`cosines` with the questions, shape (questions,); the features' is (questions, len(PAIR)), float32."""
        weights = self._rarity.of(one.words)
        common, whole = self._words.common(one.words, weights), float(weights.sum())
        grams = self._grams.common(one.grams, np.ones(len(one.grams), np.float32))
        asks_known = (self._asks != "") & bool(one.asks)
        columns = (
            cosines,
            _share(common, self._weights + whole - common),
            _share(common, np.minimum(self._weights, whole)),
            _share(common, np.maximum(self._weights, whole)),
            _share(2 * grams, self._sizes + len(one.grams)),
            self._each(one, _passages),
            self._each(one, lambda a, b: _differ(a.numbers, b.numbers)),
            self._each(one, lambda a, b: _differ(a.names, b.names)),
            self._negated != one.negated,
            asks_known & (self._asks != one.asks),
            np.abs(self._lengths - _length(one)),
        )
        return np.stack([column.astype(np.float32) for column in columns], axis=1)

    def _each(self, one: Asked, of: Callable[[Asked, Asked], float]) -> Floats:
        found: Floats = np.fromiter((of(one, other) for other in self._questions), np.float32, len(self._questions))
        return found


class _Flat:
    """Codes of all questions in one array, by question."""

    def __init__(self, codes: Sequence[Codes]) -> None:
        self.codes: Codes = np.concatenate(codes) if codes else np.empty(0, np.uint32)
        self._of = np.repeat(np.arange(len(codes)), [len(one) for one in codes])
        self._count = len(codes)

    def sums(self, values: Floats) -> Floats:
        """Of a value for each code, by question; shape (questions,)."""
        found: Floats = np.bincount(self._of, values, self._count).astype(np.float32)
        return found

    def common(self, own: Codes, weights: Floats) -> Floats:
        """Weight of `own` codes that each question has; shape (questions,)."""
        if not len(own):
            return np.zeros(self._count, np.float32)
        at = np.minimum(np.searchsorted(own, self.codes), len(own) - 1)
        return self.sums(np.where(own[at] == self.codes, weights[at], 0))


def _share(part: Floats, whole: npt.ArrayLike) -> Floats:
    of = np.asarray(whole, np.float32)
    found: Floats = np.divide(part, of, out=np.zeros_like(part), where=of > 0)
    return found


def _differ(a: frozenset[str], b: frozenset[str]) -> float:
    """1 - Jaccard where both have some: a question without a number leaves open which one is meant."""
    return 1 - len(a & b) / len(a | b) if a and b else 0.0


def _passages(a: Asked, b: Asked) -> float:
    if not a.passages or not b.passages:
        return 0.0
    return len(a.passages & b.passages) / len(a.passages | b.passages) - _PASSAGES_IN_COMMON


def _length(one: Asked) -> float:
    return float(np.log1p(len(one.text)))
