"""Rows to elements: headings, paragraphs, list items and tables, into the builder."""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.builder import DocumentBuilder
from ingest.parsers.pdf.columns import regions
from ingest.parsers.pdf.hyphens import join_lines, whole
from ingest.parsers.pdf.rows import Cell, Row, rows
from ingest.parsers.pdf.tables import find_tables, tidy

_BULLET = re.compile(r"^([•·▪◦●■□‣➢✓]|[-–—*](?=\s))\s*")
_NUMBERED = re.compile(r"^(\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+(?=\S)")
_MAX_HEADING = 140
_LARGER = 1.15


@dataclass(slots=True)
class Style:
    """What the document's own body text looks like."""

    body_height: float
    bold_is_heading: bool
    heights: list[float]  # of headings larger than the body, largest first
    words: set[str] = field(default_factory=set)
    outline: dict[tuple[int, str], int] = field(default_factory=dict)  # (page, folded title) to level


def style_of(pages: list[list[Cell]], words: set[str], outline: dict[tuple[int, str], int]) -> Style:
    """Body height by characters, and the heights that only short lines have."""
    chars: Counter[float] = Counter()
    bold = total = 0
    for cell in (cell for cells in pages for cell in cells):
        chars[_rounded(cell.height)] += len(cell.text)
        total += len(cell.text)
        bold += len(cell.text) if cell.bold else 0
    body = chars.most_common(1)[0][0] if chars else 10.0
    heights = sorted((height for height in chars if height >= body * _LARGER), reverse=True)
    return Style(body, bold < 0.35 * max(total, 1), heights, words, outline)


def _rounded(height: float) -> float:
    return round(height * 2) / 2


def add_page(builder: DocumentBuilder, cells: list[Cell], page: int, style: Style) -> None:
    """One page in reading order."""
    for region in regions(cells):
        lines = [tidy(row) for row in rows(region)]
        _Region(builder, lines, page, style).add()


class _Region:
    """One column of a page."""

    def __init__(self, builder: DocumentBuilder, lines: list[Row], page: int, style: Style) -> None:
        self._builder, self._lines, self._page, self._style = builder, lines, page, style
        self._open: list[Row] = []
        self._levels: dict[int, int] = {}
        gaps = sorted(b.top - a.top for a, b in pairwise(lines) if b.top - a.top > 1)
        self._step = gaps[len(gaps) // 3] if gaps else 0.0
        self._right = max((row.x1 for row in lines), default=0.0)

    def add(self) -> None:
        index = 0
        for table in find_tables(self._lines):
            self._text(self._lines[index : table.start])
            cells = [[whole(cell, self._style.words) for cell in row] for row in table.cells]
            self._builder.table(cells, page=self._page, header_rows=table.header_rows)
            index = table.end
        self._text(self._lines[index:])

    def _text(self, lines: list[Row]) -> None:
        for row in lines:
            if self._open and self._breaks(self._open[-1], row):
                self._flush()
            self._open.append(row)
        self._flush()

    def _breaks(self, above: Row, row: Row) -> bool:
        if bool(self._level(above)) != bool(self._level(row)) or _BULLET.match(row.text):
            return True
        height = max(row.height, above.height)
        if row.top - above.top > max(self._step * 1.35, height * 1.02) or row.top < above.top:
            return True
        if abs(row.height - above.height) > 0.15 * height:
            return True
        short = above.x1 < self._right - 8 * height
        ended = above.text.rstrip().endswith((".", ":", "?", "!", ";"))
        indented = row.x0 - above.x0 > 0.8 * height and not _is_item(self._open[0])
        return (short and ended) or (ended and indented) or bool(_NUMBERED.match(row.text) and (ended or short))

    def _level(self, row: Row) -> int:
        level = self._levels.get(id(row))
        if level is None:
            level = self._levels[id(row)] = self._heading_level(row)
        return level

    def _heading_level(self, row: Row) -> int:
        text = row.text.strip()
        outline = self._style.outline
        known = outline.get((self._page, fold(text))) if outline and len(text) <= _MAX_HEADING else None
        if known:
            return known
        if len(row.cells) > 1 or len(text) > _MAX_HEADING or sum(map(str.isalpha, text)) < 2:
            return 0
        height = _rounded(row.height)
        if height >= self._style.body_height * _LARGER and len(text) > 2:
            return min(self._style.heights.index(height) + 1, 4) if height in self._style.heights else 4
        plain = text.endswith((".", ",", ";")) or text[0].islower() or _BULLET.match(text)
        if row.bold and self._style.bold_is_heading and not plain and height >= 0.9 * self._style.body_height:
            return min(len(self._style.heights) + 1, 5)
        return 0

    def _flush(self) -> None:
        if not self._open:
            return
        level = self._level(self._open[0])
        text = join_lines([row.text.strip() for row in self._open], self._style.words)
        self._open = []
        if level and len(text) <= 2 * _MAX_HEADING:
            self._builder.heading(text, level, page=self._page)
        elif _BULLET.match(text):
            self._builder.list_item(_BULLET.sub("", text, count=1), page=self._page)
        elif match := _NUMBERED.match(text):
            self._builder.list_item(text[match.end() :], page=self._page, marker=match.group(1))
        else:
            self._builder.paragraph(text, page=self._page)


def _is_item(row: Row) -> bool:
    return bool(_BULLET.match(row.text) or _NUMBERED.match(row.text))


def fold(text: str) -> str:
    """A title as it is compared: letters and digits only."""
    return "".join(char for char in text.casefold() if char.isalnum())
