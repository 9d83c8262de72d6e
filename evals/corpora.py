"""Files and texts that benchmarks read, from a folder with the layout of BEIR and of our shared data."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path


def mixed_files(data: Path, html: Path, share: float) -> list[Path]:
    """Filings (PDF), DOCX, and 500 pages of an HTML manual; `share` of each kind, spread evenly."""
    filings = sorted((data / "financebench-tune").rglob("*.pdf"))
    office = sorted((data / "files").rglob("*.docx"))
    pages = sorted(html.rglob("*.html"))[:500]
    step = round(1 / share)
    return [*filings[::step], *office[::step], *pages[::step]]


def json_lines(corpus: Path) -> Iterator[dict[str, str]]:
    """`corpus.jsonl` with `_id`, `title`, `text`."""
    with corpus.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def batch_body(corpus: Path, limit: int | None = None) -> tuple[bytes, int]:
    """The corpus as our JSON Lines batch, and how many documents it has."""
    lines = [
        json.dumps({"external_id": row["_id"], "title": row["title"] or None, "text": row["text"]})
        for row in islice(json_lines(corpus), limit)
        if row["text"].strip()
    ]
    return "\n".join(lines).encode(), len(lines)
