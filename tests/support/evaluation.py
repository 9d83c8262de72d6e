"""Rows of evaluations, and a tiny set to evaluate on."""

import json
from pathlib import Path
from typing import Any

from evals.quality.rows import Cited, Gold, Row


def cited(document: str = "d1", quote: str = "Green tea is steeped for two minutes.", **fields: Any) -> Cited:
    return Cited(**{"document_id": document, "title": "Tea", "url": None, "quote": quote, "page": None, **fields})


def row(**fields: Any) -> Row:
    """An answerable question that is answered rightly, unless `fields` say otherwise."""
    usual: dict[str, Any] = {
        "id": "q1",
        "question": "How long is green tea steeped?",
        "answerable": True,
        "answers": ["two minutes"],
        "passage": None,
        "gold": [Gold("d1", "Tea", None, 1.0, "d1")],
        "pages": [],
        "rankings": {"hybrid": ["d1", "d2"], "dense": ["d2", "d1"], "sparse": ["d2"]},
        "answer": "Green tea is steeped for two minutes.",
        "answered": True,
        "confidence": 0.8,
        "cited": [cited()],
        "search_ms": 5.0,
        "test_ms": 9.0,
    }
    return Row(**{**usual, **fields})


def json_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(one) for one in rows) + "\n", encoding="utf-8")


def tea_set(folder: Path) -> Path:
    """Three documents; two questions that they answer, and one that they do not."""
    documents = {"green": "two", "black": "four", "white": "five"}
    texts = [
        {"_id": name, "title": f"{name.title()} tea", "text": f"The {name} tea is steeped for {count} minutes."}
        for name, count in documents.items()
    ]
    json_lines(folder / "corpus.jsonl", texts)
    queries: list[dict[str, Any]] = [
        {"_id": "q1", "text": "How long is green tea steeped?", "answers": ["two minutes"]},
        {"_id": "q2", "text": "How long is black tea steeped?", "answers": ["four minutes"]},
        {"_id": "q3", "text": "Who founded the town of Zanzibar?", "is_impossible": True},
    ]
    json_lines(folder / "queries.jsonl", queries)
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tgreen\t1\nq2\tblack\t1\n")
    return folder
