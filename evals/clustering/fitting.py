"""Coefficients from questions of known intents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from core.embedding.protocol import Floats
from evals.clustering.data import Labelled
from retrieval.paraphrase.features import PAIR
from retrieval.paraphrase.model import AMONG, BY_HAND, Coefficients

_AGAINST = ("numbers_differ", "names_differ", "negation_differs", "asks_differ", "length")
_RIDGE = 1e-3
_HARD_PER_QUESTION, _EASY_PER_QUESTION = 6, 3  # pairs of different intents, by question, that are fitted on
Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A set's pairs: `x` (pairs, len(AMONG)), `same` 1 or 0, `weight` sums to 1 and undoes the sampling."""

    x: Wide
    same: Wide
    weight: Wide


def pairs_of(own: Labelled, features: Sequence[Floats], rng: np.random.Generator) -> Pairs:
    """All pairs of one intent, the nearest of different ones, and some of the rest."""
    x, same, weight = [], [], []
    for row, values in enumerate(features):
        later = np.arange(row + 1, len(own.texts))
        is_same = own.intents[later] == own.intents[row]
        others = later[~is_same]
        hard = others[np.argsort(-values[others, 0], kind="stable")[:_HARD_PER_QUESTION]]
        rest = np.setdiff1d(others, hard)
        easy = rng.choice(rest, min(len(rest), _EASY_PER_QUESTION), replace=False)
        chosen = np.concatenate([later[is_same], hard, easy])
        x.append(values[chosen])
        same.append(np.arange(len(chosen)) < is_same.sum())
        share = np.ones(len(chosen))
        share[len(chosen) - len(easy) :] = len(rest) / max(1, len(easy))
        weight.append(share)
    total = np.concatenate(weight)
    return Pairs(np.vstack(x).astype(float), np.concatenate(same).astype(float), total / total.sum())


def fitted(sets: Sequence[Pairs], names: Sequence[str]) -> Coefficients:
    """Logistic regression with signs held, a bias for each set (its mean is kept) and the same weight for each set."""
    columns = [AMONG.index(name) for name in names]
    sign = np.array([-1.0 if name in _AGAINST else 1.0 for name in names])
    free = np.array([name not in BY_HAND for name in names])
    x = np.vstack([one.x[:, columns] for one in sets]) * sign * free
    same = np.concatenate([one.same for one in sets])
    weight = np.concatenate([one.weight for one in sets]) / len(sets)
    mean = weight @ x
    spread = np.sqrt(weight @ (x - mean) ** 2) + 1e-9
    of_set = np.repeat(np.arange(len(sets)), [len(one.same) for one in sets])
    z = np.hstack([(x - mean) / spread, of_set[:, None] == np.arange(len(sets))])
    held = np.r_[np.full(len(names), _RIDGE), np.zeros(len(sets))]

    def loss(b: Wide) -> tuple[float, Wide]:
        logit = z @ b
        error = 1 / (1 + np.exp(-logit)) - same
        value = weight @ (np.logaddexp(0, logit) - same * logit) + held @ b**2 / 2
        return float(value), z.T @ (weight * error) + held * b

    bounds = [(0.0, None)] * len(names) + [(None, None)] * len(sets)
    start = np.r_[np.zeros(len(names)), np.full(len(sets), -3.0)]
    b: Wide = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = b[: len(names)] / spread
    bias = float(b[len(names) :].mean() - weights @ mean)
    stored = dict(zip(names, (weights * sign).tolist(), strict=True))
    return Coefficients.of(names, bias, stored)


def among(sets: Sequence[Pairs]) -> Coefficients:
    """For questions among known ones."""
    return fitted(sets, AMONG)


def alone(sets: Sequence[Pairs]) -> Coefficients:
    """For two questions of which no neighbours are known."""
    return fitted(sets, PAIR)


def in_numbers(names: Sequence[str], found: Coefficients) -> dict[str, float | dict[str, float]]:
    """As stored; without what is set by hand."""
    pairs = zip(names, found.weights.tolist(), strict=True)
    weights = {name: round(weight, 4) for name, weight in pairs if name not in BY_HAND}
    return {"bias": round(found.bias, 4), "weights": weights}
