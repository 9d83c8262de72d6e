"""What was observed of each question, one JSON line each: the raw answers, so that judging them needs no server."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

ROWS = "rows.jsonl"
HYBRID, DENSE, SPARSE = "hybrid", "dense", "sparse"


@dataclass(frozen=True, slots=True)
class Gold:
    """A document that answers; `grade` as the set has it (qrels), 1 where it only names the document, `name` as the
    set calls it."""

    document_id: str
    title: str
    url: str | None
    grade: float
    name: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A source of an answer, in the order of the reply."""

    document_id: str
    title: str
    url: str | None
    quote: str
    page: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One question and what came back. `rankings` are documents by mode, best first, each once; times in ms as the
    client saw them."""

    id: str
    question: str
    answerable: bool
    answers: list[str]
    passage: str | None  # text that the quote must come from, where the set has one
    gold: list[Gold]
    pages: list[tuple[str, int]]  # (document id, page from 1)
    rankings: dict[str, list[str]]
    answer: str
    answered: bool
    confidence: float
    cited: list[Cited]
    search_ms: float
    test_ms: float
    short: str | None = None  # the short answer, where one was offered


class Sink(Protocol):
    def __call__(self, row: Row) -> None: ...


@contextmanager
def appended(folder: Path) -> Iterator[Sink]:
    """A function that adds a row to the run's file; each is there for good before the next question is asked."""
    with (folder / ROWS).open("a", encoding="utf-8") as file:

        def add(row: Row) -> None:
            file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
            file.flush()

        yield add


def read_rows(folder: Path) -> list[Row]:
    """The rows of a run; [] before the first. What a killed run left of a last line is cut off."""
    path = folder / ROWS
    if not path.is_file():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return list(_rows(whole.decode("utf-8").removesuffix("\n").split("\n") if whole else []))


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    for line in lines:
        fields: dict[str, Any] = json.loads(line)
        gold = [Gold(**one) for one in fields.pop("gold")]
        cited = [Cited(**one) for one in fields.pop("cited")]
        pages = [(document, page) for document, page in fields.pop("pages")]
        yield Row(**fields, gold=gold, cited=cited, pages=pages)
