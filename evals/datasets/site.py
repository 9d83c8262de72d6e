"""Questions about a documentation site, each with the page that answers and the text of its answer there.

The documents are the HTML files of the site's folder (a Debian documentation package), by their path in it.
"""

from pathlib import Path

from evals.datasets.lines import json_lines
from evals.datasets.model import DataSet, DataSetError, Question, Source

QUESTIONS = "questions.jsonl"


def is_site(folder: Path) -> bool:
    """Whether its questions name pages of a site."""
    path = folder / QUESTIONS
    return path.is_file() and any("gold_page" in row for row in json_lines(path))


def read_site(folder: Path, site: Path | None) -> DataSet:
    """`site` is the folder whose pages the questions are about."""
    if site is None:
        raise DataSetError(f"{folder} asks about a site: name the folder of its HTML pages (--site).")
    pages = sorted(site.rglob("*.html"))
    sources = [Source(path.relative_to(site).as_posix(), path=path) for path in pages]
    questions = [
        Question(
            str(row["_id"]),
            row["text"],
            {row["gold_page"]: 1.0},
            passage=row.get("answer_text") or None,
        )
        for row in json_lines(folder / QUESTIONS, "_id", "text", "gold_page")
    ]
    missing = sorted({page for one in questions for page in one.relevant} - {source.id for source in sources})
    if missing:
        raise DataSetError(f"{site} lacks {len(missing)} of the pages that answer, e.g. {missing[0]}.")
    return DataSet(folder.name, sources, questions)
