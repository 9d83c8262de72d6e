"""How good the reader is on articles that no training has seen, and what it costs.

SQuAD 2.0's questions come with their passage; CLAPnq's with the first three that BM25 finds, of which the most
relevant counts. "Found" is a whole question: the first five passages of BM25, the most relevant one's span.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.evaluation.answers import exact_match, token_f1
from domain.evaluation.calibration import auroc, ece
from evals.corpora import json_lines
from evals.reader.mixture import held_out
from evals.reader.negatives import Bm25
from evals.reader.readings import Example
from retrieval.reader.protocol import Reader, Reading

Floats = npt.NDArray[np.float64]
_CLAPNQ_PASSAGES, _FOUND_PASSAGES, _SPEED_PASSAGES = 3, 5, 8
_SPEED_WORDS = 135  # about 192 tokens with the question
_SPEED_CALLS = 25
_CALLERS = 4


@dataclass(frozen=True, slots=True)
class Corpus:
    """Passages with titles, and their index."""

    rows: Sequence[dict[str, str]]
    index: Bm25

    @classmethod
    def of(cls, folder: Path) -> "Corpus":
        rows = list(json_lines(folder / "corpus.jsonl"))
        return cls(rows, Bm25([f"{row['title']}\n{row['text']}" for row in rows]))

    def best(self, question: str, count: int) -> tuple[list[str], list[str]]:
        """Texts and titles of the best passages; at least one, so that there is something to read."""
        rows = [self.rows[place] for place in self.index.best(question, count)] or [self.rows[0]]
        return [row["text"] for row in rows], [row["title"] for row in rows]


def judged(reader: Reader, data: Path, *, limit: int = 0) -> dict[str, float]:
    """All figures; `limit` takes every n-th question so that about as many are left."""
    squad = _thinned(held_out(data, "squad2-tune"), limit)
    given = _given(reader, squad)
    found = _found(reader, _thinned([one for one in squad if one.relevant], limit // 4), data / "squad2-tune")
    clapnq = _clapnq(reader, held_out(data, "clapnq-tune"), data / "clapnq-tune")
    figures = given | found | clapnq
    return {name: round(value, 4) for name, value in figures.items()}


def speed(reader: Reader, data: Path) -> dict[str, float]:
    """Milliseconds of a call over eight passages of about 192 tokens."""
    words = " ".join(row["text"] for row in list(json_lines(data / "squad2-tune" / "corpus.jsonl"))[:200]).split()
    texts = [" ".join(words[i : i + _SPEED_WORDS]) for i in range(0, len(words), _SPEED_WORDS)]
    laps = []
    for call in range(_SPEED_CALLS + 2):
        part = [texts[(call * _SPEED_PASSAGES + i) % len(texts)] for i in range(_SPEED_PASSAGES)]
        begin = time.perf_counter()
        reader.read("Where did the Norse who settled in Normandy come from?", part)
        laps.append((time.perf_counter() - begin) * 1000)
    p50, p95 = np.percentile(laps[2:], [50, 95])
    return {"ms_p50": round(float(p50), 1), "ms_p95": round(float(p95), 1)}


def calibration(reader: Reader, data: Path, *, limit: int = 0) -> dict[str, float]:
    """Scale and bias that make the relevance a log-odds (Platt 1999), on the questions kept back of both sets."""
    from sklearn.linear_model import LogisticRegression

    examples = [one for name in ("squad2-tune", "clapnq-tune") for one in _thinned(held_out(data, name), limit)]
    logits = np.array([[one.relevance] for one in _readings(reader, examples)])
    outcomes = np.array([one.relevant for one in examples])
    model = LogisticRegression(C=1e3).fit(logits, outcomes)
    return {"scale": round(float(model.coef_[0, 0]), 4), "bias": round(float(model.intercept_[0]), 4)}


def _given(reader: Reader, examples: Sequence[Example]) -> dict[str, float]:
    readings = _readings(reader, examples)
    outcomes = np.array([float(one.relevant) for one in examples])
    relevance = np.array([one.relevance for one in readings])
    margin = np.array([one.margin if one.span else -1e3 for one in readings])
    pairs = [(one, _said(reading, one.passage)) for one, reading in zip(examples, readings, strict=True)]
    answerable = [(one, said) for one, said in pairs if one.relevant]
    return {
        "squad2_questions": len(examples),
        "squad2_f1": _mean([token_f1(said, one.golds) for one, said in answerable]),
        "squad2_exact": _mean([exact_match(said, one.golds) for one, said in answerable]),
        "squad2_auroc_relevance": auroc(relevance, outcomes),
        "squad2_auroc_margin": auroc(margin, outcomes),
        "squad2_auroc_both": auroc(relevance + margin / 4, outcomes),
        "squad2_ece": ece(1 / (1 + np.exp(-relevance)), outcomes),
    }


def _found(reader: Reader, examples: Sequence[Example], folder: Path) -> dict[str, float]:
    corpus, scores = Corpus.of(folder), []
    for one in examples:
        texts, titles = corpus.best(one.question, _FOUND_PASSAGES)
        readings = reader.read(one.question, texts, titles)
        best = max(range(len(texts)), key=lambda place: readings[place].relevance)
        scores.append(token_f1(_said(readings[best], texts[best]), one.golds))
    return {"found_questions": len(examples), "found_f1": _mean(scores)}


def _clapnq(reader: Reader, examples: Sequence[Example], folder: Path) -> dict[str, float]:
    corpus, highest, bm25_first = Corpus.of(folder), [], []
    for one in examples:
        texts, titles = corpus.best(one.question, _CLAPNQ_PASSAGES)
        highest.append(max(reading.relevance for reading in reader.read(one.question, texts, titles)))
        bm25_first.append(one.passage == texts[0])
    outcomes = np.array([float(one.relevant) for one in examples])
    return {
        "clapnq_questions": len(examples),
        "clapnq_auroc": auroc(np.array(highest), outcomes),
        "clapnq_bm25_first": float(np.mean(bm25_first)),
    }


def _readings(reader: Reader, examples: Sequence[Example]) -> list[Reading]:
    """One passage a call, some calls at once: a reader shares a call's rows among its threads, not a row."""
    with ThreadPoolExecutor(_CALLERS) as pool:
        return list(pool.map(lambda one: reader.read(one.question, [one.passage], [one.title])[0], examples))


def _said(reading: Reading, passage: str) -> str:
    return passage[reading.span.start : reading.span.end] if reading.span else ""


def _thinned(examples: Sequence[Example], limit: int) -> list[Example]:
    return list(examples[:: max(1, len(examples) // limit)] if limit else examples)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
