"""Sets whose documents are PDF files: questions about filings with gold pages, and about papers with gold files."""

from collections import defaultdict
from pathlib import Path

from evals.datasets.lines import json_lines
from evals.datasets.model import DataSet, DataSetError, Question, Source

FILINGS, PAPERS = "questions.jsonl", "qrels_doc.tsv"


def read_filings(folder: Path) -> DataSet:
    """FinanceBench (Islam et al. 2023): evidence is a page, counted from 0 there."""
    questions = []
    for row in json_lines(folder / FILINGS, "_id", "text", "evidence"):
        pages = frozenset((one["doc_name"], int(one["page_0based"]) + 1) for one in row["evidence"])
        relevant = dict.fromkeys((document for document, _ in pages), 1.0)
        answers = (row["answer"],) if row.get("answer") else ()
        questions.append(Question(row["_id"], row["text"], relevant, pages, answers))
    return DataSet(folder.name, _files(folder, keep_suffix=False), questions)


def read_papers(folder: Path) -> DataSet:
    """ARAGOG (Eibich et al. 2024): the right paper for each question."""
    relevant: dict[str, dict[str, float]] = defaultdict(dict)
    for line in (folder / PAPERS).read_text(encoding="utf-8").splitlines()[1:]:
        question, document, grade = line.split("\t")
        relevant[question][document] = float(grade)
    questions = [
        Question(row["_id"], row["text"], relevant[row["_id"]], answers=(row["answer"],) if row.get("answer") else ())
        for row in json_lines(folder / "queries.jsonl", "_id", "text")
        if row["_id"] in relevant and row.get("pdf_included", True)
    ]
    return DataSet(folder.name, _files(folder, keep_suffix=True), questions)


def _files(folder: Path, *, keep_suffix: bool) -> list[Source]:
    paths = sorted(folder.rglob("*.pdf"))
    if not paths:
        raise DataSetError(f"{folder}: there are no PDF files.")
    return [Source(path.name if keep_suffix else path.stem, path=path) for path in paths]
