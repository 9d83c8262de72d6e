"""How rare a word is among the questions known so far (inverse document frequency, Spärck Jones 1972)."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from retrieval.paraphrase.asked import Asked, Codes

_LEAST = 0.05  # a word that every question has still counts a little: texts of such words only can be told apart
_EARLY = 20.0  # questions without any of the words that are taken as known: with few, counts say little


@dataclass(slots=True)
class Rarity:
    """Counts of questions by word."""

    questions: int = 0
    counts: Counter[int] = field(default_factory=Counter)

    def add(self, question: Asked) -> None:
        """Count a question's words, each once."""
        self.questions += 1
        self.counts.update(question.words.tolist())

    def of(self, words: Codes) -> npt.NDArray[np.float32]:
        """Weights of words, shape (len(words),), in nats: log of the share of questions without the word."""
        counts = np.fromiter((self.counts[word] for word in words.tolist()), np.float32, len(words))
        weights = np.log((self.questions + _EARLY) / (counts + 1))
        found: npt.NDArray[np.float32] = np.maximum(weights, _LEAST).astype(np.float32)
        return found
