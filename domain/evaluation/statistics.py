"""How sure a figure is, and whether two runs differ: resampling over questions, with a seed.

In numpy: scipy would make the base install 143 MB larger, and scikit-learn another 52. `scipy.stats.bootstrap` has no
interval (NaN) where one resample has no meaning, and a resampled AUROC takes 36 times as long with `roc_auc_score`:
10.7 s instead of 0.3 for 500 resamples of 1,500 questions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Metric = Callable[[Floats], float]
RESAMPLES = 2_000
SEED = 20_240_531
_AT_ONCE = 256  # resamples held in memory


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Run B less run A on the same questions; `p` is two-sided."""

    value: float
    low: float
    high: float
    p: float
    better: int  # questions
    worse: int
    equal: int


def mean_interval(values: Floats, *, resamples: int = RESAMPLES, seed: int = SEED) -> Interval:
    """Percentile bootstrap of the mean (Efron 1979; for retrieval, Sakai 2006); NaN without values."""
    if not len(values):
        return Interval(*[float("nan")] * 3)
    low, high = np.percentile(_resampled_means(values, resamples, seed), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def interval(rows: Floats, metric: Metric, *, resamples: int = RESAMPLES, seed: int = SEED) -> Interval:
    """Bootstrap of any `metric` over `rows`, shape (questions, …); resamples where it has no meaning are left out."""
    if not len(rows):
        return Interval(*[float("nan")] * 3)
    random = np.random.default_rng(seed)
    found = np.array([metric(rows[random.integers(0, len(rows), len(rows))]) for _ in range(resamples)])
    found = found[~np.isnan(found)]
    low, high = np.percentile(found, [2.5, 97.5]) if len(found) else (float("nan"), float("nan"))
    return Interval(metric(rows), float(low), float(high))


def paired_difference(a: Floats, b: Floats, *, resamples: int = RESAMPLES, seed: int = SEED) -> Difference:
    """B less A, question by question: bootstrap interval, and p by the randomisation test, which flips the sign of
    each question's difference at random (Fisher 1935; Smucker, Allan and Carterette 2007)."""
    if a.shape != b.shape:
        raise ValueError(f"The runs have {len(a)} and {len(b)} questions; a pair is one question in both.")
    gap = b - a
    middle = mean_interval(gap, resamples=resamples, seed=seed)
    return Difference(
        middle.value,
        middle.low,
        middle.high,
        _sign_flip_p(gap, resamples, seed),
        int((gap > 0).sum()),
        int((gap < 0).sum()),
        int((gap == 0).sum()),
    )


def _sign_flip_p(gap: Floats, resamples: int, seed: int) -> float:
    """The observed difference counts as one of the flips, so that p is never 0 (Phipson and Smyth 2010)."""
    if not gap.any():
        return 1.0
    random, observed, extreme = np.random.default_rng(seed), abs(gap.mean()) - 1e-12, 0
    for start in range(0, resamples, _AT_ONCE):
        signs = random.choice((-1.0, 1.0), (min(_AT_ONCE, resamples - start), len(gap)))
        extreme += int((abs((signs * gap).mean(axis=1)) >= observed).sum())
    return (extreme + 1) / (resamples + 1)


def _resampled_means(values: Floats, resamples: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    parts = [
        values[random.integers(0, len(values), (min(_AT_ONCE, resamples - start), len(values)))].mean(axis=1)
        for start in range(0, resamples, _AT_ONCE)
    ]
    return np.concatenate(parts)
