"""Two runs over the same questions: B less A, question by question, and the calibration of both."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from core.errors import InvalidInput
from domain.evaluation import calibration
from domain.evaluation.statistics import Metric, interval, paired_difference
from evals.quality.figures import Floats, equal_mass_ece
from evals.quality.judge import ANSWERS, RANKING, Verdict
from evals.quality.rows import DENSE, SPARSE

Separating = Callable[[Floats, Floats], float]
NAMES = (*RANKING, *ANSWERS, *(f"{mode}.{name}" for mode in (DENSE, SPARSE) for name in RANKING))
SEPARATING: dict[str, Separating] = {
    "auroc_right": calibration.auroc,
    "ece": equal_mass_ece,
    "brier": calibration.brier,
}
RESAMPLES = 1_000


def compared(a: Sequence[Verdict], b: Sequence[Verdict]) -> dict[str, Any]:
    """Figures by name: both means, their paired difference with interval and p; raises where no question is in both.

    A question is the same where its id and its text are.
    """
    others = {(one.row.id, one.row.question): one for one in b}
    pairs = [(one, others[key]) for one in a if (key := (one.row.id, one.row.question)) in others]
    if not pairs:
        raise InvalidInput("The two runs have no question in common.", code="NOTHING_IN_COMMON")
    return {
        "questions": len(pairs),
        "only_in_a": len(a) - len(pairs),
        "only_in_b": len(b) - len(pairs),
        "figures": {name: found for name in NAMES if (found := _figure(pairs, name))},
        "confidence": _confidence(pairs),
    }


def _figure(pairs: Sequence[tuple[Verdict, Verdict]], name: str) -> dict[str, Any] | None:
    both = [(a.figures[name], b.figures[name]) for a, b in pairs if name in a.figures and name in b.figures]
    if not both:
        return None
    values = np.array(both, dtype=float)
    difference = asdict(paired_difference(values[:, 0], values[:, 1]))
    means = {"a": float(values[:, 0].mean()), "b": float(values[:, 1].mean())}
    return {"questions": len(both), **means, "difference": difference}


def _confidence(pairs: Sequence[tuple[Verdict, Verdict]]) -> dict[str, Any]:
    """Each of both runs with its interval, and the difference with that of the bootstrap over the same questions."""
    rows = np.array(
        [(a.row.confidence, a.right, b.row.confidence, b.right) for a, b in pairs if None not in (a.right, b.right)],
        dtype=float,
    ).reshape(-1, 4)
    can = np.array(
        [(a.row.confidence, a.row.answerable, b.row.confidence, b.row.answerable) for a, b in pairs], dtype=float
    )
    found = {name: _both(rows, metric) for name, metric in SEPARATING.items()}
    return {"questions": len(rows), **found, "auroc_answerable": _both(can, calibration.auroc)}


def _both(rows: Floats, metric: Separating) -> dict[str, Any]:
    """`rows` are confidence and outcome of A, then of B; shape (questions, 4)."""
    three = {"a": _of(metric, 0), "b": _of(metric, 2), "difference": _gap(metric)}
    return {key: asdict(interval(rows, one, resamples=RESAMPLES)) for key, one in three.items()}


def _of(metric: Separating, column: int) -> Metric:
    """Of the run whose confidences stand in that column, and outcomes in the next."""
    return lambda rows: metric(rows[:, column], rows[:, column + 1])


def _gap(metric: Separating) -> Metric:
    a, b = _of(metric, 0), _of(metric, 2)
    return lambda rows: b(rows) - a(rows)
