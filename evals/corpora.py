"""Files and texts that benchmarks read, from a folder with the layout of BEIR and of our shared data."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path


def mixed_files(data: Path, html: Path, html_pages: int) -> list[Path]:
    """Filings (PDF), every DOCX, and the first pages of an HTML manual."""
    filings = sorted((data / "financebench-tune").rglob("*.pdf"))
    office = sorted((data / "files").rglob("*.docx"))
    pages = list(islice((path for path in sorted(html.rglob("*.html"))), html_pages))
    return [*filings, *office, *pages]


def json_lines(corpus: Path) -> Iterator[dict[str, str]]:
    """`corpus.jsonl` with `_id`, `title`, `text`."""
    with corpus.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def batch_body(corpus: Path) -> tuple[bytes, int]:
    """The corpus as our JSON Lines batch, and how many documents it has."""
    lines = [
        json.dumps({"external_id": row["_id"], "title": row["title"] or None, "text": row["text"]})
        for row in json_lines(corpus)
        if row["text"].strip()
    ]
    return "\n".join(lines).encode(), len(lines)
