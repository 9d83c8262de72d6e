"""The questions known so far, to which new ones are compared: their vectors, rarity of words and neighbourhoods."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from core.embedding.protocol import Floats
from retrieval.paraphrase.asked import Asked
from retrieval.paraphrase.features import Compared
from retrieval.paraphrase.neighbours import NEAREST, Neighbours, Rows
from retrieval.paraphrase.rarity import Rarity

_WINDOW = 0.7  # neighbours per √questions: few questions have few of each meaning; measured on samples of 400 to 2,000
_LEAST_NEAREST = 4
_SPREAD = 5  # one neighbour's neighbours are taken in for every so many
_TOGETHER = 512  # questions whose cosines with all are computed at once


class Known:
    """Grows by one question at a time; memory is 2.5 kB each with vectors of 384 numbers, and their texts. All
    questions must have a vector. Not thread safe."""

    def __init__(self, questions: Sequence[Asked] = ()) -> None:
        """Many at once take a fraction of the time that they take one by one."""
        self.rarity = Rarity()
        self.questions: list[Asked] = []
        self._vectors: list[Floats] = []  # of each model, with room to grow
        self._near = Neighbours()
        for question in questions:
            self._take(question)
        for start in range(0, len(questions), _TOGETHER):
            block = slice(start, min(len(questions), start + _TOGETHER))
            cosines: Floats = np.zeros((block.stop - start, len(questions)), np.float32)
            for stored in self._vectors:
                cosines += stored[block] @ stored[: len(questions)].T / len(self._vectors)
            self._near.fill(start, cosines)

    def __len__(self) -> int:
        return len(self.questions)

    def add(self, question: Asked, cosines: Floats | None = None) -> int:
        """Its row: 0, 1, 2, …; `cosines` where they are known already."""
        self._near.add(self.cosines(question) if cosines is None else cosines)
        return self._take(question)

    def cosines(self, question: Asked) -> Floats:
        """With each known question, mean over the embedding models; shape (questions,)."""
        return self._cosines(question.vectors)

    def nearest(self, cosines: Floats, most: int) -> Rows:
        """Rows of the `most` highest, highest first."""
        best = np.argpartition(-cosines, most - 1)[:most] if len(cosines) > most else np.arange(len(cosines))
        order: Rows = best[np.argsort(-cosines[best], kind="stable")]
        return order

    def cosines_of(self, row: int) -> Floats:
        """Of a known question with all, as `cosines`."""
        return self._cosines(self._of(row))

    def features(self, row: int, rows: Sequence[int] | Rows) -> Floats:
        """Of a known question with others, shape (len(rows), len(PAIR) + 2): those of the pair, how far their
        neighbourhoods overlap, and how far the pair stands out of both (CSLS, Conneau et al. 2018)."""
        own = np.asarray(rows, np.int64)
        compared = Compared([self.questions[one] for one in own.tolist()], self.rarity)
        cosines = self._cosines(self._of(row), own)
        nearest, spread = self._window()
        all_ = np.concatenate([[row], own])
        overlap = self._near.profiles(all_, nearest, spread).overlap(0)[1:]
        close = self._near.closeness(all_, nearest)
        columns = (compared.features(self.questions[row], cosines), overlap, cosines - (close[1:] + close[0]) / 2)
        return np.column_stack(columns)

    def all_features(self) -> Iterator[Floats]:
        """Of each question with all known ones, as `features`: what is common to all rows is prepared once."""
        compared = Compared(self.questions, self.rarity)
        nearest, spread = self._window()
        rows = np.arange(len(self.questions))
        profiles, close = self._near.profiles(rows, nearest, spread), self._near.closeness(rows, nearest)
        for row, one in enumerate(self.questions):
            cosines = self._cosines(self._of(row))
            columns = (compared.features(one, cosines), profiles.overlap(row), cosines - (close + close[row]) / 2)
            yield np.column_stack(columns)

    def neighbours_known(self) -> float:
        """How much neighbourhoods say, 0 to 1: nothing while every question is everyone's neighbour."""
        nearest, _ = self._window()
        return max(0.0, 1 - (nearest + 1) / max(1, len(self.questions)))

    def _take(self, question: Asked) -> int:
        row = len(self.questions)
        if not row:
            self._vectors = [np.empty((64, len(own)), np.float32) for own in question.vectors]
        elif self._vectors and row == len(self._vectors[0]):
            self._vectors = [np.concatenate([one, np.empty_like(one)]) for one in self._vectors]
        for stored, own in zip(self._vectors, question.vectors, strict=True):
            stored[row] = own
        self.questions.append(replace(question, vectors=()))
        self.rarity.add(question)
        return row

    def _of(self, row: int) -> tuple[Floats, ...]:
        return tuple(stored[row] for stored in self._vectors)

    def _cosines(self, vectors: Sequence[Floats], rows: Rows | None = None) -> Floats:
        which = slice(len(self.questions)) if rows is None else rows
        total = np.zeros(len(self.questions) if rows is None else len(rows), np.float32)
        for stored, own in zip(self._vectors, vectors, strict=False):
            total += stored[which] @ own / len(self._vectors)
        return total

    def _window(self) -> tuple[int, int]:
        nearest = min(NEAREST, max(_LEAST_NEAREST, round(_WINDOW * len(self.questions) ** 0.5)))
        return nearest, max(2, nearest // _SPREAD)
