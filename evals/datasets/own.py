"""A question file of one's own, to be asked of a workspace's own collection: JSON Lines or CSV.

Columns: `question`; all others optional: `id`, `answers` (several in JSON as a list, in CSV parted by `|`), `documents`
(by id, external id, title or URL), `page`, `answerable` (true or false).
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.datasets.lines import json_lines
from evals.datasets.model import DataSet, DataSetError, Question

_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_KNOWN = frozenset({"id", "question", "answers", "documents", "page", "answerable"})


def read_questions(path: Path) -> DataSet:
    """The questions; documents are what the collection has, so there are no sources."""
    rows = _csv_rows(path) if path.suffix.lower() == ".csv" else enumerate(json_lines(path, "question"), start=1)
    questions = [_question(row, number, path) for number, row in rows]
    if not questions:
        raise DataSetError(f"{path.name} has no questions.")
    judged = any(question.relevant for question in questions)
    return DataSet(path.stem, [], questions, judged=judged)


def _question(row: dict[str, Any], number: int, path: Path) -> Question:
    where = f"{path.name}, question {number}"
    unknown = sorted(set(row) - _KNOWN)
    if unknown:
        raise DataSetError(f"{where}: unknown column {', '.join(unknown)}. Known are {', '.join(sorted(_KNOWN))}.")
    documents = _list(row.get("documents"))
    pages = frozenset((document, _page(row["page"], where)) for document in documents if row.get("page"))
    return Question(
        str(row.get("id") or number),
        str(row["question"]),
        dict.fromkeys(documents, 1.0),
        pages,
        tuple(_list(row.get("answers"))),
        _flag(row.get("answerable"), where),
    )


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if not path.is_file():
        raise DataSetError(f"{path} is not there.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if "question" not in (reader.fieldnames or ()):
            raise DataSetError(f"{path.name}: the first line must name the columns, one of them `question`.")
        for number, row in enumerate(reader, start=1):
            if not (row["question"] or "").strip():
                raise DataSetError(f"{path.name}, question {number} is empty.")
            yield number, {key: value for key, value in row.items() if value}


def _list(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [part.strip() for part in str(value).split("|") if part.strip()] if value else []


def _page(value: object, where: str) -> int:
    try:
        page = int(str(value))
    except ValueError:
        raise DataSetError(f"{where}: page {value!r} is not a number.") from None
    if page < 1:
        raise DataSetError(f"{where}: pages count from 1.")
    return page


def _flag(value: object, where: str) -> bool:
    word = "true" if value is None else str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise DataSetError(f"{where}: answerable is {value!r}, expected true or false.")
    return word in _TRUE
