"""A collection's own calibration from labelled answers, and the threshold that a target allows. `p` are confidences and
`y` outcomes (1 right, 0 wrong), both of shape (labels,). In numpy: see `statistics`.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.scaling import Scaling, log_odds

Floats = npt.NDArray[np.float64]
PRIOR = 10.0  # labels' worth of belief in the confidence as it is
FOLDS = 10
LEAST_SCALE = 0.1  # the order of confidences stays as it is
LEVEL = 0.05  # chance that a promise does not hold
THRESHOLDS = tuple(round(0.95 - 0.05 * step, 2) for step in range(19))
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Promise:
    """What labels support: of the answers from `threshold` on, `wrong` of `answered` labelled ones were wrong, and with
    95 % confidence at most a share of `bound` are. `threshold` is None where no threshold can be promised."""

    threshold: float | None
    answered: int
    wrong: int
    bound: float
    needed: int  # right answers in a row that a promise takes at the least


def fit(p: Floats, y: Floats) -> Scaling:
    """Platt scaling (1999) of the log-odds, with a Gaussian prior about "as it is" worth `PRIOR` labels: a few labels
    move little, a hundred decide. Newton's method; the loss is convex."""
    x = np.column_stack([np.ones(len(p)), log_odds(p)])
    start = np.array([0.0, 1.0])
    found, penalty = start.copy(), PRIOR / 4 * np.eye(2)  # 1/4: the curvature that a label has at one half
    for _ in range(_STEPS):
        q = 1 / (1 + np.exp(-(x @ found)))
        slope = x.T @ (q - y) + penalty @ (found - start)
        curve = (x * (q * (1 - q))[:, None]).T @ x + penalty
        step = np.linalg.solve(curve, slope)
        found = found - step
        if np.abs(step).max() < 1e-9:
            break
    return Scaling(max(LEAST_SCALE, float(found[1])), float(found[0]))


def out_of_fold(p: Floats, y: Floats) -> Floats:
    """Confidences as a calibration makes them that has not seen their labels: what to expect of the next answers."""
    made = np.empty_like(p)
    for fold in range(FOLDS):
        own = np.arange(len(p)) % FOLDS == fold
        if own.any():
            made[own] = fit(p[~own], y[~own]).of(p[own])
    return made


def promise(p: Floats, y: Floats, max_wrong: float) -> Promise:
    """The lowest threshold from which on at most a share `max_wrong` of the answers is wrong, with 95 % confidence.

    Fixed-sequence testing (Angelopoulos et al. 2021, "Learn then Test") from the highest threshold down with the
    Clopper-Pearson bound (1934): the promise holds although several thresholds are tried. Thresholds with too few
    answers for any promise are passed over, which their outcomes have no part in.
    """
    needed = math.ceil(math.log(LEVEL) / math.log1p(-max_wrong))
    kept = Promise(None, 0, 0, 1.0, needed)
    for threshold in THRESHOLDS:
        own = p >= threshold
        answered, wrong = int(own.sum()), int((1 - y[own]).sum())
        if answered < needed:
            continue
        bound = clopper_pearson(wrong, answered)
        if bound > max_wrong:
            return kept if kept.threshold is not None else Promise(None, answered, wrong, bound, needed)
        kept = Promise(threshold, answered, wrong, bound, needed)
    return kept


def clopper_pearson(wrong: int, answered: int, level: float = LEVEL) -> float:
    """Upper bound of the share wrong: one-sided, exact (Clopper and Pearson 1934)."""
    if wrong >= answered:
        return 1.0
    number = np.arange(wrong + 1)
    steps = np.concatenate([[0.0], np.log((answered - number[:-1]) / number[1:])])
    ways = np.cumsum(steps)  # logarithms of the binomial coefficients
    low, high = wrong / answered, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        chances = ways + number * math.log(middle) + (answered - number) * math.log1p(-middle)
        # the chance of `wrong` or fewer, where each is wrong with the chance `middle`
        low, high = (middle, high) if np.exp(chances).sum() > level else (low, middle)
    return high
