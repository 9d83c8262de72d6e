"""Each question's nearest questions, and how far two questions have the same ones.

Questions of one intent are near the same questions even where they are not near each other, and a general question is
near everything without being anyone's nearest: what counts is who is mutually among the nearest (k-reciprocal encoding,
Zhong et al. 2017, "Re-ranking Person Re-identification with k-reciprocal Encoding", sections 3.2 to 3.4).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.embedding.protocol import Floats

Rows = npt.NDArray[np.int64]
NEAREST = 30  # neighbours kept of each question
_FALL = 4.0  # weight of a neighbour: exp(-_FALL · (1 - cosine)), as flat as in the paper for cosines of sentences
_ABSENT = -2.0  # cosine where there is no neighbour yet


@dataclass(frozen=True, slots=True)
class Profiles:
    """Rows of weights over all questions, sparse: `columns[starts[r] : starts[r + 1]]` have `weights`, which sum to 1
    in each row."""

    starts: Rows  # (rows + 1,)
    columns: Rows
    weights: Floats
    width: int  # questions

    def overlap(self, row: int) -> Floats:
        """Of one row with each row, shape (rows,): Σ min / Σ max of the weights, 0 to 1."""
        own = slice(self.starts[row], self.starts[row + 1])
        dense = np.zeros(self.width, np.float32)
        dense[self.columns[own]] = self.weights[own]
        common = np.minimum(dense[self.columns], self.weights)
        # every row has itself among its columns, so no row is empty, which reduceat would get wrong
        shared = np.add.reduceat(common, self.starts[:-1])
        found: Floats = (shared / (2 - shared)).astype(np.float32)
        return found


class Neighbours:
    """The nearest questions of each, exact and kept up as questions come. Not thread safe."""

    def __init__(self) -> None:
        self._count = 0
        self._rows = np.empty((0, NEAREST), np.int64)  # itself is no neighbour; unused places hold the row itself
        self._cosines = np.empty((0, NEAREST), np.float32)  # descending

    def add(self, cosines: Floats) -> None:
        """Take up the next question; `cosines`, shape (questions so far,), are those with the others, in order."""
        row = self._count
        self._grow(row + 1)
        self._rows[row], self._cosines[row], self._count = row, _ABSENT, row + 1
        if not row:
            return
        best = np.argpartition(-cosines, min(NEAREST, row) - 1)[:NEAREST]
        best = best[np.argsort(-cosines[best], kind="stable")]
        self._rows[row, : len(best)], self._cosines[row, : len(best)] = best, cosines[best]
        self._insert(row, np.flatnonzero(cosines > self._cosines[:row, -1]), cosines)

    def fill(self, start: int, cosines: Floats) -> None:
        """Take up the questions from `start` on, together with all that will be there: `cosines` is (some, all)."""
        some, all_ = cosines.shape
        self._grow(all_)
        rows = np.arange(start, start + some)
        cosines[np.arange(some), rows] = _ABSENT
        self._rows[rows], self._cosines[rows], self._count = rows[:, None], _ABSENT, start + some
        most = min(NEAREST, all_ - 1)
        if not most:
            return
        best = np.argpartition(-cosines, most - 1, axis=1)[:, :most]
        own = np.take_along_axis(cosines, best, axis=1)
        order = np.argsort(-own, axis=1, kind="stable")
        self._rows[rows, :most] = np.take_along_axis(best, order, axis=1)
        self._cosines[rows, :most] = np.take_along_axis(own, order, axis=1)

    def closeness(self, rows: Rows, nearest: int) -> Floats:
        """Mean cosine with the `nearest` of each, shape (len(rows),): high where many are alike."""
        cosines = self._cosines[rows, :nearest]
        there = cosines > _ABSENT
        found: Floats = (np.where(there, cosines, 0).sum(axis=1) / np.maximum(1, there.sum(axis=1))).astype(np.float32)
        return found

    def profiles(self, rows: Rows, nearest: int, spread: int) -> Profiles:
        """Of `rows`: weights of those among whose `nearest` it is too, averaged with those of its own `spread` - 1
        first neighbours (query expansion), so that what a question lacks by its wording its nearest bring."""
        around = np.concatenate([rows[:, None], self._rows[rows, : spread - 1]], axis=1)  # (rows, spread)
        members, at = np.unique(around, return_inverse=True)
        columns, weights = self._mutual(members, nearest)
        at = at.reshape(around.shape)
        width = self._count
        keys = (np.arange(len(rows))[:, None, None] * width + columns[at]).ravel()
        unique, where = np.unique(keys, return_inverse=True)
        summed = np.bincount(where.ravel(), weights[at].ravel()) / spread
        kept = summed > 0
        unique, summed = unique[kept], summed[kept]
        starts = np.searchsorted(unique, np.arange(len(rows) + 1) * width)
        return Profiles(starts, unique % width, summed.astype(np.float32), width)

    def _mutual(self, rows: Rows, nearest: int) -> tuple[Rows, Floats]:
        """Each row's neighbours that have it among theirs, itself first; shapes (rows, 1 + nearest). Weights of the
        others are 0."""
        near, cosines = self._rows[rows, :nearest], self._cosines[rows, :nearest]
        mutual = (self._rows[near, :nearest] == rows[:, None, None]).any(axis=2) & (cosines > _ABSENT)
        weights = np.where(mutual, np.exp(-_FALL * (1 - cosines)), 0.0)
        whole = np.concatenate([np.ones((len(rows), 1)), weights], axis=1)
        found: Floats = (whole / whole.sum(axis=1, keepdims=True)).astype(np.float32)
        return np.concatenate([rows[:, None], near], axis=1), found

    def _insert(self, row: int, nearer: Rows, cosines: Floats) -> None:
        """Into the lists of those to whom it is nearer than their last."""
        rows = np.concatenate([self._rows[nearer], np.full((len(nearer), 1), row)], axis=1)
        own = np.concatenate([self._cosines[nearer], cosines[nearer, None]], axis=1)
        order = np.argsort(-own, axis=1, kind="stable")[:, :NEAREST]
        self._rows[nearer] = np.take_along_axis(rows, order, axis=1)
        self._cosines[nearer] = np.take_along_axis(own, order, axis=1)

    def _grow(self, needed: int) -> None:
        if needed <= len(self._rows):
            return
        room = max(64, needed, 2 * len(self._rows))
        rows, cosines = np.empty((room, NEAREST), np.int64), np.empty((room, NEAREST), np.float32)
        rows[: self._count], cosines[: self._count] = self._rows[: self._count], self._cosines[: self._count]
        self._rows, self._cosines = rows, cosines
