"""Folders with `corpus.jsonl`, `queries.jsonl` and judgements: our own data, and BEIR's (Thakur et al. 2021)."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from evals.datasets.lines import json_lines
from evals.datasets.model import DataSet, DataSetError, Question, Source

CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"
SPLITS = ("test", "dev", "train")
_LANGUAGE_SAMPLES = 20


def read_folder(folder: Path, split: str | None = None) -> DataSet:
    """`split` names one of BEIR's `qrels/<split>.tsv`; default `qrels.tsv`, else the first that there is."""
    judgements = _judgements(_qrels(folder, split))
    sources = [
        Source(str(row["_id"]), row.get("title") or None, row["text"])
        for row in json_lines(folder / CORPUS, "_id", "text")
        if row["text"].strip()
    ]
    rows = list(json_lines(folder / QUERIES, "_id", "text"))
    questions = [
        _question(row, judgements) for row in rows if str(row["_id"]) in judgements or row.get("is_impossible")
    ]
    if not questions:
        raise DataSetError(f"{folder}: no question of {QUERIES} has a judgement. Do the ids of both files agree?")
    return DataSet(folder.name, sources, questions, _language(sources))


def _question(row: dict[str, Any], judgements: dict[str, dict[str, float]]) -> Question:
    identifier = str(row["_id"])
    return Question(
        identifier,
        row["text"],
        judgements.get(identifier, {}),
        answers=tuple(row.get("answers") or ()),
        answerable=not row.get("is_impossible"),
    )


def _qrels(folder: Path, split: str | None) -> Path:
    names = [f"qrels/{split}.tsv"] if split else ["qrels.tsv", *(f"qrels/{name}.tsv" for name in SPLITS)]
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        raise DataSetError(f"{folder}: there are no judgements. Looked for {', '.join(names)}.")
    return found


def _judgements(path: Path) -> dict[str, dict[str, float]]:
    """Grades above 0 by question and document, from lines of three columns; a heading is passed over."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        columns = line.split("\t")
        if number == 1 and columns[-1].strip() == "score":
            continue
        try:
            question, document, grade = columns
            if float(grade) > 0:
                found[question][document] = float(grade)
        except ValueError:
            raise DataSetError(
                f"{path.name}, line {number}: expected query-id, corpus-id and score, parted by tabs. "
                f"Found {line[:80]!r}."
            ) from None
    return found


def _language(sources: list[Source]) -> str:
    from ingest.language import detect_language

    return detect_language(" ".join(chain(*_words(sources)))) or "en"


def _words(sources: list[Source]) -> Iterator[list[str]]:
    for source in sources[:: max(1, len(sources) // _LANGUAGE_SAMPLES)][:_LANGUAGE_SAMPLES]:
        yield (source.text or "").split()[:40]
