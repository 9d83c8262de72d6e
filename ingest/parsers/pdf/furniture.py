"""Running headers, footers and page numbers: the same first or last line on many pages."""

import re
from collections import Counter

from ingest.parsers.pdf.rows import Cell, Row, rows

_EDGE_ROWS = 3
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"^(page|p\.)?\s*[-–—]?\s*(\d{1,4}|[ivxlc]{1,6})\s*[-–—]?(\s*(of|/)\s*\d{1,4})?$", re.IGNORECASE
)
_MAX_CHARS = 160
_MIN_PAGES = 3
_MIN_SHARE = 0.2


def repeated(pages: list[list[Cell]]) -> set[str]:
    """Keys of the edge lines that stand on at least three pages and a fifth of all."""
    counts: Counter[str] = Counter()
    for cells in pages:
        counts.update({_key(row) for row in _edges(cells)})
    least = max(_MIN_PAGES, _MIN_SHARE * len(pages))
    return {key for key, count in counts.items() if count >= least}


def without_furniture(cells: list[Cell], keys: set[str]) -> list[Cell]:
    """The cells of a page less its running lines; lines are taken from the edges inwards, never from the middle."""
    drop: set[str] = set()
    page = rows(cells)
    for order in (page[:_EDGE_ROWS], page[::-1][:_EDGE_ROWS]):
        for row in order:
            if not (_key(row) in keys or (len(page) > 2 and row is page[-1] and _PAGE_NUMBER.match(row.text))):
                break
            drop.add(f"{row.top:.1f}")
    gone = [row for row in page if f"{row.top:.1f}" in drop]
    if len(gone) == len(page):
        return cells  # a page that holds nothing else: better once too often than lost
    return [cell for cell in cells if not any(row.top <= cell.top and cell.bottom <= row.bottom for row in gone)]


def _edges(cells: list[Cell]) -> list[Row]:
    page = rows(cells)
    edge = page if len(page) <= 2 * _EDGE_ROWS else page[:_EDGE_ROWS] + page[-_EDGE_ROWS:]
    return [row for row in edge if len(row.text) <= _MAX_CHARS]


def _key(row: Row) -> str:
    return _DIGITS.sub("#", " ".join(row.text.split())).casefold()
