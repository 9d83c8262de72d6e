"""The section of docs/confidence.md between two markers, and the plots beside it."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.evaluation.calibration import reliability, risk_coverage
from evals.quality import charts

Floats = npt.NDArray[np.float64]
BEGIN, END = "<!-- figures: written by python -m evals.fit_confidence -->", "<!-- end of figures -->"
MEANING = {
    "cosine": "similarity of question and quoted passage",
    "margin": "the best passage's cosine less the fifth's",
    "agreement": "whether meaning and words put the same passage first",
    "first": "whether the quoted passage is the first that was found",
    "coverage": "share of the question's words, weighed by rarity, in the quoted statement and what stands above it",
    "passage_coverage": "the same in the best passage",
    "telling": "number of telling words in the question, ÷ 12, at most 1",
    "relevance": "the reader's log-odds that the quoted passage answers, ÷ 6, -1 to 1",
    "span": "how much more the reader gives to the best span than to none, ÷ 12, -1 to 1",
}
_ANSWERS = (
    ("questions", "questions"),
    ("first", "first quote right"),
    ("right", "first two"),
    ("characters", "length"),
    ("short", "short answer offered and judged"),
    ("short_f1", "its F1"),
)
_CONFIDENCE = (
    ("auroc", "AUROC right"),
    ("auroc_answerable", "AUROC answerable"),
    ("auroc_without", "AUROC, answer taken away"),
    ("ece", "ECE"),
    ("brier", "Brier"),
    ("median_right", "median, right"),
    ("median_wrong", "median, wrong"),
    ("refused_unanswerable", "refused, unanswerable"),
    ("refused_answerable", "refused, answerable"),
)


def write_docs(path: Path, fitted: Mapping[str, Any], report: Mapping[str, Any], curves: Mapping[str, Floats]) -> None:
    """Replace what stands between the markers; `curves`: confidences and outcomes of each set, (samples, 2)."""
    head, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"{path} has no {BEGIN} … {END}.")
    path.write_text(f"{head}{BEGIN}\n{_section(fitted, report)}\n{END}{tail}", encoding="utf-8")
    for name, rows in curves.items():
        for kind, chart in (("reliability", _reliability(rows)), ("risk", _risk(rows))):
            (path.parent / "images" / f"confidence-{name}-{kind}.svg").write_text(charts.as_file(chart))


def _reliability(rows: Floats) -> str:
    return charts.reliability([asdict(one) for one in reliability(rows[:, 0], rows[:, 1], equal_mass=True)])


def _risk(rows: Floats) -> str:
    coverage, risk = risk_coverage(rows[:, 0], rows[:, 1])
    step = max(1, len(coverage) // 200)
    return charts.risk_coverage(np.column_stack([coverage, risk])[::step].tolist())


def _section(fitted: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    parts = ["| feature | meaning | with the reader | without |", "| --- | --- | --- | --- |"]
    read, words = fitted["reader"]["weights"], fitted["words"]["weights"]
    parts += [
        f"| `{name}` | {MEANING[name]} | {read[name]:.3f} | {format(words[name], '.3f') if name in words else '–'} |"
        for name in read
    ]
    parts.append(f"| | bias | {fitted['reader']['bias']:.3f} | {fitted['words']['bias']:.3f} |")
    for title, columns in (("The answers", _ANSWERS), ("The confidence, fitted on the other sets", _CONFIDENCE)):
        parts += ["", f"{title}:", "", *_table(columns, report)]
    return "\n".join(parts)


def _table(columns: tuple[tuple[str, str], ...], report: Mapping[str, Any]) -> list[str]:
    lines = [f"| set | reader | {' | '.join(label for _, label in columns)} |", "| --- " * (len(columns) + 2) + "|"]
    for name in report["reader"]:
        for model, label in (("words", "no"), ("reader", "yes")):
            values = (_shown(report[model][name].get(key, float("nan"))) for key, _ in columns)
            lines.append(f"| {name} | {label} | {' | '.join(values)} |")
    return lines


def _shown(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if value > 1 else f"{value:.3f}"
