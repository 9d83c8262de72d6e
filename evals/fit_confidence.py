"""Fit the confidence on answers of which is known whether they are right.

    python -m evals.fit_confidence --data ../shared/data --site /usr/share/doc/python3.11/html [--write --docs PAGE]

Logistic regression with a small L2 term, over sets with different kinds of documents, each of the same weight. The
figures of a set are those of weights fitted on the other sets, so they say what happens on a new collection.
What was searched for is kept beside `--cache`, since most of the time goes into embedding.
"""

import argparse
import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from domain.evaluation.calibration import auroc, brier, ece
from evals.answering.report import write_docs
from evals.answering.samples import Asked, Sample, find, samples_of
from evals.answering.shelf import Found
from retrieval.answers import Style
from retrieval.confidence import MODEL_FILE, READER, WORDS
from retrieval.extractive import Extractor
from retrieval.reader.factory import BUILT_IN, open_reader

Floats = npt.NDArray[np.float64]
SETS = ("squad2-tune", "clapnq-tune", "datatalks-tune", "site-faq")
OF_THE_SITE = "site-faq"
ANSWERABLE_SHARE = 2 / 3  # of a set's weight: people mostly ask what a collection is about
RIDGE = 1.0
FREE = 10.0  # by which the L2 term is weaker for the biases
MODELS = {"words": WORDS, "reader": (*WORDS, *READER)}


@dataclass(frozen=True, slots=True)
class Table:
    """Samples as numbers, a row each."""

    x: Floats  # (samples, features)
    right: Floats  # 1 or 0
    answerable: npt.NDArray[np.bool_]
    asked: npt.NDArray[np.str_]
    weight: Floats  # sums to 1

    @classmethod
    def of(cls, samples: Sequence[Sample], names: Sequence[str]) -> "Table":
        x = np.array([[one.features.get(name, 0.0) for name in names] for one in samples])
        asked = np.array([one.asked.value for one in samples])
        answerable = asked == Asked.ANSWERABLE.value
        share = np.where(answerable, ANSWERABLE_SHARE, 1 - ANSWERABLE_SHARE)
        counts = np.where(answerable, answerable.sum(), (~answerable).sum())
        right = np.array([float(one.right) for one in samples])
        return cls(x, right, answerable, asked, share / counts)


def main() -> None:
    arguments = _arguments()
    rows = _rows(arguments)
    report: dict[str, Any] = {}
    fitted: dict[str, Any] = {"fitted_on": list(rows)}
    curves: dict[str, Floats] = {}
    for name, names in MODELS.items():
        reader = open_reader(arguments.reader) if name == "reader" else None
        samples = {data: samples_of(found, Extractor(reader), label=data) for data, found in rows.items()}
        tables = {data: Table.of(_judgeable(own), names) for data, own in samples.items()}
        weights = fit(list(tables.values()))
        fitted[name] = {
            "bias": _round(weights[0]),
            "weights": dict(zip(names, map(_round, weights[1:]), strict=True)),
            "means": dict(zip(names, map(_round, means(list(tables.values()))), strict=True)),
        }
        report[name] = {data: _answers(own) | _transferred(tables, data) for data, own in samples.items()}
        curves = {data: _curve(tables, data) for data in tables}
    print(json.dumps({"fitted": fitted, "report": report}, indent=1))
    if arguments.write:
        MODEL_FILE.write_text(json.dumps(fitted, indent=2) + "\n")
    if arguments.docs:
        write_docs(arguments.docs, fitted, report, curves)


def fit(tables: Sequence[Table]) -> Floats:
    """Bias and weights, shape (1 + features,).

    Each set has a bias of its own (fixed effects), and the bias is their mean: sets differ in how often answers are
    right, and a feature must not be paid for telling the sets apart.
    """
    x, right = np.vstack([one.x for one in tables]), np.concatenate([one.right for one in tables])
    weight = np.concatenate([one.weight for one in tables])
    of_set = np.repeat(np.arange(len(tables)), [len(one.x) for one in tables])
    x = np.hstack([x, FREE * (of_set[:, None] == np.arange(len(tables)))])
    model = LogisticRegression(C=1 / RIDGE, fit_intercept=False, solver="newton-cholesky", tol=1e-8)
    found = model.fit(x, right, sample_weight=weight * len(weight) / weight.sum()).coef_[0]
    biases = FREE * found[-len(tables) :]
    weights: Floats = np.concatenate([[biases.mean()], found[: -len(tables)]])
    return weights


def means(tables: Sequence[Table]) -> Floats:
    """Of each feature, over sets of the same weight; shape (features,)."""
    found: Floats = np.mean([one.weight @ one.x / one.weight.sum() for one in tables], axis=0)
    return found


def judged(table: Table, weights: Floats, threshold: float) -> dict[str, float]:
    """How well weights tell right from wrong and answerable from not, and how true their probabilities are."""
    p, right, can = confidences(table, weights), table.right, table.answerable
    asked = can | (table.asked == Asked.UNANSWERABLE.value)
    without = can | (table.asked == Asked.WITHOUT.value)
    return {
        "auroc": auroc(p, right),
        "auroc_answerable": auroc(p[asked], can[asked].astype(float)),
        "auroc_without": auroc(p[without], can[without].astype(float)),
        "ece": ece(p[asked], right[asked], equal_mass=True),
        "brier": brier(p[asked], right[asked]),
        "median_right": float(np.median(p[right == 1])),
        "median_wrong": float(np.median(p[right == 0])),
        "refused_unanswerable": float((p[~can] < threshold).mean()),
        "refused_answerable": float((p[can] < threshold).mean()),
    }


def confidences(table: Table, weights: Floats) -> Floats:
    """Shape (samples,)."""
    found: Floats = 1 / (1 + np.exp(-(weights[0] + table.x @ weights[1:])))
    return found


def _curve(tables: Mapping[str, Table], name: str) -> Floats:
    """Confidence and outcome of a set's own questions, fitted on the others."""
    own = tables[name]
    p = confidences(own, fit([table for other, table in tables.items() if other != name]))
    asked = own.asked != Asked.WITHOUT.value
    rows: Floats = np.column_stack([p, own.right])[asked]
    return rows


def _transferred(tables: Mapping[str, Table], name: str) -> dict[str, float]:
    others = [table for other, table in tables.items() if other != name]
    figures = judged(tables[name], fit(others), Style().threshold)
    return {key: _round(value) for key, value in figures.items()}


def _answers(samples: Sequence[Sample]) -> dict[str, float]:
    """The answers themselves, on what can be answered."""
    own = [one for one in samples if one.asked is Asked.ANSWERABLE]
    shorts = [one.short_f1 for one in own if one.short_f1 is not None]
    figures = {
        "questions": float(len(own)),
        "first": float(np.mean([one.first for one in own])),
        "right": float(np.mean([one.right for one in own])),
        "characters": float(np.mean([one.characters for one in own])),
        "short": len(shorts) / len(own),
        "short_f1": float(np.mean(shorts)) if shorts else float("nan"),
    }
    return {name: _round(value) for name, value in figures.items()}


def _judgeable(samples: Sequence[Sample]) -> list[Sample]:
    """Those with an answer: without one the confidence is 0 by rule."""
    return [one for one in samples if one.features]


def _rows(arguments: argparse.Namespace) -> dict[str, list[Found]]:
    names = [name for name in SETS if name != OF_THE_SITE or arguments.site]
    return {name: _kept(name, arguments) for name in names}


def _kept(name: str, arguments: argparse.Namespace) -> list[Found]:
    folder, pages = arguments.data / name, arguments.site if name == OF_THE_SITE else None
    if not arguments.cache:
        return find(name, folder, pages)
    path = arguments.cache / f"{name}.pickle"
    if path.is_file():
        kept: list[Found] = pickle.loads(path.read_bytes())
        return kept
    rows = find(name, folder, pages)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(rows))
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--site", type=Path, help="HTML pages of the Python documentation, for site-faq.")
    parser.add_argument("--reader", default=BUILT_IN, help="As INSYDR_READER.")
    parser.add_argument("--cache", type=Path, help="Keeps what was found; remove it when search or chunking change.")
    parser.add_argument("--write", action="store_true", help="Replace the coefficients in the repository.")
    parser.add_argument("--docs", type=Path, help="Write the figures into this page, between its markers.")
    return parser.parse_args()


def _round(value: float) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    main()
