"""Files of open data as examples: a question, a passage, and whether and where the passage answers."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.corpora import json_lines

MAX_WORDS = 320  # of a passage; longer ones are of no use to a window of 256 tokens


@dataclass(frozen=True, slots=True)
class Example:
    """`answers` are character spans of the passage. `spanned` is False where the passage answers, but no words of it
    were marked: such an example teaches relevance only."""

    question: str
    title: str
    passage: str
    answers: tuple[tuple[int, int], ...]
    relevant: bool
    source: str
    group: str
    spanned: bool = True
    golds: tuple[str, ...] = ()  # accepted answers as text, for judging
    key: str = ""


def spans(path: Path) -> Iterator[Example]:
    """`qa/`: extractive, answerable or not."""
    for row in _rows(path):
        found = zip(row["answer_starts"], row["answers"], strict=True)
        marked = tuple((start, start + len(answer)) for start, answer in found if answer.strip())
        if bool(marked) != row["answerable"]:
            continue
        group = row.get("title") or row["context"]
        yield Example(row["question"], row.get("title", ""), row["context"], marked, bool(marked), row["source"], group)


def yes_no(path: Path) -> Iterator[Example]:
    """`qa/` with yes or no: nothing to quote."""
    for row in _rows(path):
        title, text = row.get("title", ""), row["context"]
        yield Example(row["question"], title, text, (), True, row["source"], text, spanned=False)


def sentences(path: Path) -> Iterator[Example]:
    """`as2/`: as many sentences that do not answer a question as such that do, and one where none does."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(path):
        if "grade" in row and row["grade"] == 2:
            continue  # related: neither
        groups[row["group"]].append(row)
    for rows in groups.values():
        good = [row for row in rows if row["label"]]
        bad = [row for row in rows if not row["label"]]
        step = max(1, len(bad) // max(1, len(good)))
        for row in [*good, *bad[::step][: max(1, len(good))]]:
            relevant, text = bool(row["label"]), " ".join(row["sentence"].split()[:MAX_WORDS])
            title = row.get("title", "")
            yield Example(row["question"], title, text, (), relevant, row["source"], row["group"], spanned=not relevant)


def pairs(path: Path) -> Iterator[Example]:
    """`pairs/`: a question and the passage that answers it."""
    for row in _rows(path):
        if row["label"] in (1, "1"):
            yield Example(row["a"], "", row["b"], (), True, row["source"], row["b"], spanned=False)


def beir(folder: Path) -> Iterator[Example]:
    """A tuning set: the article is the title; short answers are looked up, long ones teach relevance only."""
    corpus = {row["_id"]: row for row in json_lines(folder / "corpus.jsonl")}
    for row in _queries(folder / "queries.jsonl"):
        home = corpus[row["context_id"]]
        golds = tuple(answer for answer in row["answers"] if answer.strip())
        places = [(home["text"].find(answer), len(answer)) for answer in golds]
        marked = tuple((start, start + length) for start, length in places if start >= 0)
        relevant = not row["is_impossible"]
        yield Example(
            row["text"], home["title"], home["text"], marked if relevant else (), relevant, folder.name, home["title"],
            spanned=bool(marked) or not relevant, golds=golds, key=home["_id"],
        )  # fmt: skip


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _queries(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
