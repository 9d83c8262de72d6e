"""The questions known so far, to which new ones are compared: their vectors, rarity of words and neighbourhoods."""

from collections.abc import Iterator, Sequence

import numpy as np

from core.embedding.protocol import Floats
from retrieval.paraphrase.asked import Asked
from retrieval.paraphrase.features import Compared
from retrieval.paraphrase.neighbours import NEAREST, Neighbours, Rows
from retrieval.paraphrase.rarity import Rarity

_WINDOW = 0.7  # neighbours per √questions: few questions have few of each meaning; measured on samples of 400 to 2,000
_LEAST_NEAREST = 4
_SPREAD = 5  # one neighbour's neighbours are taken in for every so many


class Known:
    """Grows by one question at a time; memory is 2.5 kB each with vectors of 384 numbers, and their texts. All
    questions must have a vector. Not thread safe."""

    def __init__(self, rarity: Rarity | None = None) -> None:
        """`rarity` may hold counts of questions that are not among these."""
        self.rarity = rarity or Rarity()
        self.questions: list[Asked] = []
        self._vectors: list[Floats] = []  # of each model, with room to grow
        self._near = Neighbours()

    def __len__(self) -> int:
        return len(self.questions)

    def add(self, question: Asked) -> int:
        """Its row: 0, 1, 2, …"""
        row = len(self.questions)
        self._near.add(self.cosines(question))
        self._grow(question)
        for stored, own in zip(self._vectors, question.vectors, strict=True):
            stored[row] = own
        self.questions.append(question)
        self.rarity.add(question)
        return row

    def cosines(self, question: Asked) -> Floats:
        """With each known question, mean over the embedding models; shape (questions,)."""
        count = len(self.questions)
        total = np.zeros(count, np.float32)
        for stored, own in zip(self._vectors, question.vectors, strict=False):
            total += stored[:count] @ own / len(self._vectors)
        return total

    def nearest(self, question: Asked, most: int) -> Rows:
        """Rows of the `most` with the highest cosine, nearest first."""
        cosines = self.cosines(question)
        best = np.argpartition(-cosines, most - 1)[:most] if len(cosines) > most else np.arange(len(cosines))
        order: Rows = best[np.argsort(-cosines[best], kind="stable")]
        return order

    def features(self, row: int, rows: Sequence[int] | Rows) -> Floats:
        """Of a known question with others, shape (len(rows), len(PAIR) + 1): those of the pair, and how far their
        neighbourhoods overlap."""
        own = np.asarray(rows, np.int64)
        pairs = Compared([self.questions[one] for one in own.tolist()], self.rarity).features(self.questions[row])
        nearest, spread = self._window()
        overlap = self._near.profiles(np.concatenate([[row], own]), nearest, spread).overlap(0)[1:]
        return np.concatenate([pairs, overlap[:, None]], axis=1)

    def all_features(self) -> Iterator[Floats]:
        """Of each question with all known ones, as `features`: what is common to all rows is prepared once."""
        compared = Compared(self.questions, self.rarity)
        nearest, spread = self._window()
        profiles = self._near.profiles(np.arange(len(self.questions)), nearest, spread)
        for row, one in enumerate(self.questions):
            yield np.concatenate([compared.features(one), profiles.overlap(row)[:, None]], axis=1)

    def _window(self) -> tuple[int, int]:
        nearest = min(NEAREST, max(_LEAST_NEAREST, round(_WINDOW * len(self.questions) ** 0.5)))
        return nearest, max(2, nearest // _SPREAD)

    def _grow(self, question: Asked) -> None:
        count = len(self.questions)
        if not count:
            self._vectors = [np.empty((64, len(own)), np.float32) for own in question.vectors]
        elif self._vectors and count == len(self._vectors[0]):
            self._vectors = [np.concatenate([one, np.empty_like(one)]) for one in self._vectors]
