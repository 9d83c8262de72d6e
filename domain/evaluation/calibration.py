"""Does a confidence tell right from wrong, and does 0.8 mean 8 of 10? `p` are confidences and `y` outcomes (1 right,
0 wrong), both of shape (questions,). Figures that have no meaning for the data given are NaN.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability diagram."""

    low: float
    high: float
    count: int
    confidence: float  # mean of its confidences
    right: float  # share of its questions that were right


def auroc(p: Floats, y: Floats) -> float:
    """Chance that a right one has the higher confidence than a wrong one, ties half (Mann and Whitney 1947)."""
    positive = int(y.sum())
    negative = len(y) - positive
    if not positive or not negative:
        return float("nan")
    above = _mean_ranks(p)[y == 1].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def brier(p: Floats, y: Floats) -> float:
    """Mean squared difference (Brier 1950)."""
    return float(((p - y) ** 2).mean()) if len(p) else float("nan")


def reliability(p: Floats, y: Floats, bins: int = BINS, *, equal_mass: bool = False) -> list[Bin]:
    """Bins of equal width, or of equal numbers of questions; the empty ones are left out."""
    edges = np.quantile(p, np.linspace(0, 1, bins + 1)) if equal_mass and len(p) else np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, bins - 1)
    found = [(number, place == number) for number in range(bins)]
    return [
        Bin(float(edges[n]), float(edges[n + 1]), int(own.sum()), float(p[own].mean()), float(y[own].mean()))
        for n, own in found
        if own.any()
    ]


def ece(p: Floats, y: Floats, bins: int = BINS, *, equal_mass: bool = False) -> float:
    """Expected calibration error: the bins' gaps, weighed by their size (Naeini et al. 2015)."""
    if not len(p):
        return float("nan")
    found = reliability(p, y, bins, equal_mass=equal_mass)
    return sum(one.count * abs(one.confidence - one.right) for one in found) / len(p)


def risk_coverage(p: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Coverage and risk (share wrong among the answered) of each threshold, from the surest question to all.

    El-Yaniv and Wiener 2010. Questions of equal confidence are answered together: one threshold cannot part them.
    """
    if not len(p):
        return np.zeros(0), np.zeros(0)
    order = np.argsort(-p, kind="stable")
    wrong, answered = np.cumsum(1 - y[order]), np.arange(1, len(p) + 1)
    last = np.append(p[order][1:] != p[order][:-1], True)
    return (answered / len(p))[last], (wrong / answered)[last]


def aurc(p: Floats, y: Floats) -> float:
    """Mean risk over all coverages; the smaller the better (Geifman et al. 2019)."""
    coverage, risk = risk_coverage(p, y)
    return float((np.diff(coverage, prepend=0.0) * risk).sum()) if len(coverage) else float("nan")


def threshold_for(p: Floats, y: Floats, max_risk: float) -> float | None:
    """The lowest confidence from which on at most `max_risk` of the answers were wrong; None where none is."""
    thresholds = np.unique(p)
    wrong = np.array([float((1 - y[p >= threshold]).mean()) for threshold in thresholds])
    good = thresholds[wrong <= max_risk]
    return float(good[0]) if len(good) else None


def coverage_at(p: Floats, y: Floats, max_risk: float) -> float:
    """Share of the questions that are answered at that threshold."""
    threshold = threshold_for(p, y, max_risk)
    return 0.0 if threshold is None else float((p >= threshold).mean())


def _mean_ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks
