"""Thresholds that go with the number of questions: on a straight line between two ends, by its logarithm.

A line has few numbers to fit, so that no single sample decides; plain clustering and ours both get one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.embedding.protocol import Floats

At = tuple[int, ...]  # places in the grid, one of each threshold
Ends = Sequence[tuple[int, Sequence[float]]]  # size and thresholds, the small one first
_STARTS = 6  # the best of either end; from each pair of them, an end is moved until nothing gets better


@dataclass(frozen=True, slots=True)
class Curve:
    """F1 of one size by thresholds, each of which goes along `grid`; `values` has an axis for each."""

    grid: Floats
    values: Floats

    def best(self) -> list[At]:
        places = np.argsort(-self.values, axis=None, kind="stable")[:_STARTS]
        return [tuple(map(int, np.unravel_index(place, self.values.shape))) for place in places]

    def of(self, at: Sequence[float]) -> float:
        """At the nearest thresholds that were tried."""
        return float(self.values[tuple(int(np.abs(self.grid - value).argmin()) for value in at)])


def between(ends_: Ends, size: int) -> tuple[float, ...]:
    """The thresholds for a size; those of an end beyond it."""
    sizes = np.log([one[0] for one in ends_])
    return tuple(
        float(np.interp(np.log(size), sizes, [one[1][place] for one in ends_])) for place in range(len(ends_[0][1]))
    )


def ends(sizes: Sequence[int], curves: Sequence[Curve]) -> Ends:
    """Those with the best mean F1 over all sizes: coordinate ascent from the best of either end."""
    if len(curves) == 1:
        return [_end(sizes[0], curves[0], curves[0].best()[0])]
    starts = [(first, last) for first in curves[0].best() for last in curves[-1].best()]
    found = [_climbed(start, sizes, curves) for start in starts]
    return _line(max(found, key=lambda one: _value(one, sizes, curves)), sizes, curves)


def _climbed(at: tuple[At, At], sizes: Sequence[int], curves: Sequence[Curve]) -> tuple[At, At]:
    best = _value(at, sizes, curves)
    while True:
        better = max(_moved(at, len(curves[0].grid)), key=lambda one: _value(one, sizes, curves))
        if (value := _value(better, sizes, curves)) <= best:
            return at
        at, best = better, value


def _moved(at: tuple[At, At], width: int) -> Iterator[tuple[At, At]]:
    """One threshold of one end to every other place."""
    for end in range(2):
        for axis in range(len(at[0])):
            for place in range(width):
                moved = (*at[end][:axis], place, *at[end][axis + 1 :])
                yield (moved, at[1]) if end == 0 else (at[0], moved)


def _value(at: tuple[At, At], sizes: Sequence[int], curves: Sequence[Curve]) -> float:
    line = _line(at, sizes, curves)
    return float(np.mean([curve.of(between(line, size)) for size, curve in zip(sizes, curves, strict=True)]))


def _line(at: tuple[At, At], sizes: Sequence[int], curves: Sequence[Curve]) -> Ends:
    return [_end(sizes[0], curves[0], at[0]), _end(sizes[-1], curves[-1], at[1])]


def _end(size: int, curve: Curve, at: At) -> tuple[int, Sequence[float]]:
    return size, [float(curve.grid[place]) for place in at]
