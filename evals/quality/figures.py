"""The figures of a run: each of its questions' figures taken together, with 95 % intervals by the bootstrap."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.evaluation import calibration
from domain.evaluation.statistics import Interval, interval, mean_interval, paired_difference
from evals.quality.judge import ANSWERS, RANKING, Verdict
from evals.quality.rows import DENSE, HYBRID, SPARSE

Floats = npt.NDArray[np.float64]
Figures = dict[str, Any]
COVERAGES = (0.5, 0.8, 1.0)
LOW_RISK = 0.1
WANTED_DEFLECTION, MOST_LOST = 0.8, 0.1  # of unanswerable questions refused, of answerable ones
RESAMPLES = 1_000  # of what is not a mean
HISTOGRAM_BINS = 20


def figures_of(verdicts: Sequence[Verdict], threshold: float) -> Figures:
    """Everything a report shows; `threshold` is the confidence below which an answer is refused."""
    return {
        "questions": len(verdicts),
        "answerable": sum(one.row.answerable for one in verdicts),
        "ranking": _ranking(verdicts),
        "answers": _means([one for one in verdicts if one.row.answerable], ANSWERS),
        "confidence": confidence_figures(verdicts),
        "refusals": _refusals(verdicts, threshold),
        "latency_ms": {
            "search": _percentiles([one.row.search_ms for one in verdicts]),
            "answer": _percentiles([one.row.test_ms for one in verdicts]),
        },
        "curves": _curves(verdicts),
    }


def values_of(verdicts: Sequence[Verdict], name: str) -> Floats:
    """The figure of each question that has it, shape (questions,)."""
    return np.array([one.figures[name] for one in verdicts if name in one.figures], dtype=float)


def outcomes(verdicts: Sequence[Verdict]) -> Floats:
    """Confidence and whether it was right, of the questions that could be judged; shape (questions, 2)."""
    pairs = [(one.row.confidence, one.right) for one in verdicts if one.right is not None]
    return np.array(pairs, dtype=float).reshape(-1, 2)


def by_column(metric: Callable[[Floats, Floats], float]) -> Callable[[Floats], float]:
    """A metric of confidences and outcomes as one of rows of both."""
    return lambda rows: metric(rows[:, 0], rows[:, 1])


def equal_mass_ece(p: Floats, y: Floats) -> float:
    return calibration.ece(p, y, equal_mass=True)


def confidence_figures(verdicts: Sequence[Verdict]) -> Figures:
    """How well confidence tells right from wrong, and answerable from unanswerable, and how true it is."""
    rows = outcomes(verdicts)
    p, y = rows[:, 0], rows[:, 1]
    can = np.array([(one.row.confidence, one.row.answerable) for one in verdicts], dtype=float).reshape(-1, 2)
    return {
        "questions": len(rows),
        "right": _as_dict(mean_interval(y)),
        "auroc_right": _interval(rows, calibration.auroc),
        "auroc_answerable": _interval(can, calibration.auroc),
        "ece": _interval(rows, equal_mass_ece),
        "brier": _interval(rows, calibration.brier),
        "aurc": calibration.aurc(p, y),
        "risk_at_coverage": {f"{share:g}": risk_at(p, y, share) for share in COVERAGES},
        "coverage_at_risk_0.1": calibration.coverage_at(p, y, LOW_RISK),
        "median_right": _median(p[y == 1]),
        "median_wrong": _median(p[y == 0]),
    }


def risk_at(p: Floats, y: Floats, share: float) -> float:
    """Share wrong among the surest answers that make up at least `share` of the questions."""
    coverage, risk = calibration.risk_coverage(p, y)
    reached = risk[coverage >= share - 1e-9]
    return float(reached[0]) if len(reached) else float("nan")


def _ranking(verdicts: Sequence[Verdict]) -> dict[str, Figures]:
    """By mode; each baseline with how far ours is above it at nDCG@10, and p."""
    found: dict[str, Figures] = {}
    for mode in (HYBRID, DENSE, SPARSE):
        prefix = "" if mode == HYBRID else f"{mode}."
        own = {name: values_of(verdicts, f"{prefix}{name}") for name in RANKING}
        if not len(own[RANKING[0]]):
            continue
        found[mode] = {name: _as_dict(mean_interval(values)) for name, values in own.items()}
        found[mode]["questions"] = len(own[RANKING[0]])
        if mode != HYBRID:
            found[mode]["ours_above"] = asdict(paired_difference(own[RANKING[0]], values_of(verdicts, RANKING[0])))
    return found


def _means(verdicts: Sequence[Verdict], names: Sequence[str]) -> Figures:
    known = {name: values_of(verdicts, name) for name in names}
    return {
        name: _as_dict(mean_interval(values)) | {"questions": len(values)}
        for name, values in known.items()
        if len(values)
    }


def _refusals(verdicts: Sequence[Verdict], threshold: float) -> Figures:
    """Shares refused at the threshold, and the threshold that would refuse rightly enough, where one does."""
    can = [one for one in verdicts if one.row.answerable]
    cannot = [one for one in verdicts if not one.row.answerable]
    right = [one for one in can if one.right]
    given = [one for one in verdicts if not _refused(one, threshold) and one.right is not None]
    return {
        "threshold": threshold,
        "unanswerable_refused": _share_refused(cannot, threshold),
        "answerable_refused": _share_refused(can, threshold),
        "right_answers_refused": _share_refused(right, threshold),
        "given_right": _as_dict(mean_interval(np.array([one.right for one in given], dtype=float))),
        "best": best_threshold(can, cannot),
        "at_threshold": _at_threshold(verdicts, threshold),
    }


def best_threshold(can: Sequence[Verdict], cannot: Sequence[Verdict]) -> Figures | None:
    """The threshold that refuses most of the unanswerable at no more than `MOST_LOST` of the answerable refused, and
    whether that is as many as wanted; None where a set has only one of the two."""
    if not can or not cannot:
        return None
    thresholds = sorted({one.row.confidence for one in (*can, *cannot)})
    yes, no = (np.array([np.inf if _refused(one, 0) else 0 for one in some]) for some in (can, cannot))
    p_yes, p_no = (np.array([one.row.confidence for one in some]) for some in (can, cannot))
    best = {
        "threshold": 0.0,
        "unanswerable_refused": float((no > 0).mean()),
        "answerable_refused": float((yes > 0).mean()),
    }
    for threshold in thresholds:
        lost, deflected = (((p < threshold) | (gone > 0)).mean() for p, gone in ((p_yes, yes), (p_no, no)))
        if lost <= MOST_LOST and deflected > best["unanswerable_refused"]:
            best = {"threshold": threshold, "unanswerable_refused": float(deflected), "answerable_refused": float(lost)}
    reached = best["unanswerable_refused"] >= WANTED_DEFLECTION and best["answerable_refused"] <= MOST_LOST
    return {**best, "reached": reached}


def _at_threshold(verdicts: Sequence[Verdict], threshold: float) -> tuple[float, float] | None:
    """Where the threshold stands on the risk-coverage curve; None where nothing is answered at it."""
    rows = outcomes(verdicts)
    given = rows[rows[:, 0] >= threshold]
    return (len(given) / len(rows), float(1 - given[:, 1].mean())) if len(given) else None


def _refused(one: Verdict, threshold: float) -> bool:
    return not one.row.answered or one.row.confidence < threshold


def _share_refused(verdicts: Sequence[Verdict], threshold: float) -> Figures:
    refused = np.array([_refused(one, threshold) for one in verdicts], dtype=float)
    return _as_dict(mean_interval(refused)) | {"questions": len(verdicts)}


def _curves(verdicts: Sequence[Verdict]) -> Figures:
    rows = outcomes(verdicts)
    p, y = rows[:, 0], rows[:, 1]
    coverage, risk = calibration.risk_coverage(p, y)
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    return {
        "reliability": [asdict(one) for one in calibration.reliability(p, y, equal_mass=True)],
        "risk_coverage": [[float(c), float(r)] for c, r in zip(coverage, risk, strict=True)],
        "confidence_right": np.histogram(p[y == 1], edges)[0].tolist(),
        "confidence_wrong": np.histogram(p[y == 0], edges)[0].tolist(),
    }


def _interval(rows: Floats, metric: Callable[[Floats, Floats], float]) -> Figures:
    return _as_dict(interval(rows, by_column(metric), resamples=RESAMPLES))


def _as_dict(found: Interval) -> Figures:
    return asdict(found)


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    found = np.percentile(values, [50, 95, 99]) if values else [float("nan")] * 3
    return {name: round(float(value), 2) for name, value in zip(("p50", "p95", "p99"), found, strict=True)}


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")
