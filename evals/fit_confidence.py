"""Fit the confidence on questions whose answer is, or is not, in the corpus.

    python -m evals.fit_confidence --data ../shared/data [--write]

An answer counts as right when a quoted sentence holds a gold answer (SQuAD 2.0) or comes from the gold passage
(CLAPnq); fallbacks to wrong for unanswerable questions. Logistic regression with a small L2 term.
Each set's figures are those of weights fitted on the other set, so that they say what happens on a new collection.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from core.embedding.factory import BUILT_IN, load_model
from core.embedding.protocol import EmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.embedding.words import terms
from core.vectors.memory import MemoryVectorStore
from core.vectors.protocol import Point, Scope
from domain.evaluation.calibration import auroc, brier, ece
from evals.corpora import json_lines
from retrieval.answers import Style
from retrieval.compose import compose
from retrieval.confidence import MODEL_FILE, NAMES, features
from retrieval.extract import ranked
from retrieval.passages import StoredPassage
from retrieval.question import understood
from retrieval.search import Searcher

Floats = npt.NDArray[np.float64]
SETS = ("squad2-tune", "clapnq-tune")
QUESTIONS = 1_200
RIDGE = 1.0
SHORT_ANSWER = 80  # characters


@dataclass(frozen=True, slots=True)
class Sample:
    x: Floats  # (questions, features)
    y: Floats  # 1 right, 0 wrong


class CorpusPassages:
    """Passages of a data set by id: one a document."""

    def __init__(self, rows: Sequence[dict[str, str]]) -> None:
        self._stored = {
            point: StoredPassage(
                point, row["_id"], None, "c", row["title"], None, "en", 1, 0, row["text"], (), None, 0, len(row["text"])
            )
            for point, row in ((_point_id(n), row) for n, row in enumerate(rows))
        }

    def load(self, _scope: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        return {key: self._stored[key] for key in chunk_ids}

    def replaced(self, _scope: Scope, versions: Mapping[str, int]) -> bool:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="Replace the coefficients in the repository.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(BUILT_IN, cache_dir=Path(folder))
        samples = {name: collect(arguments.data / name, model) for name in SETS}
        model.close()
    report = {name: judged(samples[name], fit(samples[other])) for name, other in zip(SETS, SETS[::-1], strict=True)}
    both = Sample(np.vstack([s.x for s in samples.values()]), np.concatenate([s.y for s in samples.values()]))
    weights = fit(both)
    fitted = {
        "bias": round(float(weights[0]), 4),
        "weights": dict(zip(NAMES, np.round(weights[1:], 4).tolist(), strict=True)),
    }
    print(json.dumps({"fitted": fitted, "transferred": report, "own": judged(both, weights)}, indent=2))
    if arguments.write:
        MODEL_FILE.write_text(json.dumps({**fitted, "fitted_on": list(SETS)}, indent=2) + "\n")


def collect(folder: Path, model: EmbeddingModel) -> Sample:
    """Features and labels of the set's questions, by the engine as it answers."""
    rows = list(json_lines(folder / "corpus.jsonl"))
    searcher, store = _searcher(rows, model), CorpusPassages(rows)
    gold = _gold(folder / "qrels.tsv")
    xs: list[list[float]] = []
    ys: list[float] = []
    for question in list(json_lines(folder / "queries.jsonl"))[:QUESTIONS]:
        passages = searcher.search(store, Scope("w"), question["text"], 8).passages
        meant = understood(question["text"])
        ranking = ranked(meant, passages, lambda text: list(terms(text, "en")))
        found = compose(meant, ranking, Style())
        values = features(passages, ranking.best_coverage, ranking.passage_coverage)
        xs.append([values[name] for name in NAMES])
        ys.append(float(_is_right(question, found.quotes, gold.get(question["_id"], set()))))
    return Sample(np.array(xs), np.array(ys))


def fit(sample: Sample) -> Floats:
    """Bias and weights, shape (1 + features,). The bias is a column of ones, so that it is held small with the rest."""
    x = np.hstack([np.ones((len(sample.x), 1)), sample.x])
    model = LogisticRegression(C=1 / RIDGE, fit_intercept=False, solver="newton-cholesky", tol=1e-8)
    weights: Floats = model.fit(x, sample.y).coef_[0]
    return weights


def judged(sample: Sample, weights: Floats) -> dict[str, float]:
    """How well weights tell right from wrong, and how true their probabilities are."""
    p, y = 1 / (1 + np.exp(-(weights[0] + sample.x @ weights[1:]))), sample.y
    numbers = {"questions": len(y), "right": y.mean(), "auroc": auroc(p, y), "ece": ece(p, y), "brier": brier(p, y)}
    return {name: round(float(value), 3) for name, value in numbers.items()}


def _searcher(rows: Sequence[dict[str, str]], model: EmbeddingModel) -> Searcher:
    sparse, store = SparseEncoder(), MemoryVectorStore()
    texts = [f"{row['title']}\n{row['text']}" for row in rows]
    vectors = model.embed_passages(texts)
    store.upsert(
        [
            Point(_point_id(n), "w", "c", row["_id"], 1, 0, "en", {model.name: vectors[n]},
                  sparse.encode_passage(texts[n], "en"))
            for n, row in enumerate(rows)
        ]
    )  # fmt: skip
    return Searcher(store, model, sparse)


def _is_right(question: dict[str, Any], quotes: Sequence[Any], gold: set[str]) -> bool:
    """Short gold answers must stand in a quote; of long ones (CLAPnq's are sentences) the passage must be cited."""
    if question.get("is_impossible"):
        return False
    short = [answer for answer in question.get("answers", []) if len(answer) <= SHORT_ANSWER]
    if short:
        said = " ".join(quote.text for quote in quotes).casefold()
        return any(answer.casefold() in said for answer in short)
    return any(quote.passage.stored.document_id in gold for quote in quotes)


def _gold(path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in path.read_text().splitlines()[1:]:
        query, document, score = line.split("\t")[:3]
        if float(score) > 0:
            found.setdefault(query, set()).add(document)
    return found


def _point_id(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


if __name__ == "__main__":
    main()
