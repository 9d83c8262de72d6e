"""Tables by alignment: rows whose cells share columns, ruled or not.

Columns are the strips that the full rows cover and white strips divide; a header that spans columns stands in the
first of them. When fewer than two columns hold, the rows stay lines of text: nothing is lost.
"""

import re
from dataclasses import dataclass

from ingest.parsers.pdf.rows import Cell, Row

_BIN_PT = 1.0
_FIGURE = re.compile(r"^[\s$€£¥(+\-–—]*\d[\d,.\s]*[)%x×]*$|^[$€£¥]?\s*[—–-]+\s*%?$")
_YEAR = re.compile(r"^\(?(19|20)\d\d\)?$")
_GLUE_NEXT = re.compile(r"^[$€£¥(]+$")
_GLUE_BACK = re.compile(r"^[)%]+$")
_MARKER = re.compile(r"^([•·▪◦●■□o\-–—*‣➢✓]|\(?(\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)])$")
_SECTION = re.compile(
    r"^(item|note|part|section|chapter|annex|appendix)?\s*[\dIVXA-Z]{1,4}([.:][\dA-Z]{0,3})*$", re.IGNORECASE
)
_OPEN_END = re.compile(r"(,|\b(and|or|of|to|in|by|for|the|from|with))$")
_MAX_PROSE = 90


@dataclass(slots=True)
class TableRun:
    """Rows `start` to `end` (exclusive) of a region are one table."""

    start: int
    end: int
    cells: list[list[str]]
    header_rows: int


def tidy(row: Row) -> Row:
    """Currency signs joined to their figures, closing signs too, and list markers to their text."""
    cells: list[Cell] = []
    for cell in row.cells:
        last = cells[-1] if cells else None
        if last and (_GLUE_BACK.match(cell.text) or _GLUE_NEXT.match(last.text)):
            cells[-1] = _joined(last, cell, "")
        elif last and len(cells) == 1 and len(row.cells) == 2 and _leads(last, cell):
            cells[-1] = _joined(last, cell, " ")
        else:
            cells.append(cell)
    return Row(cells, row.top, row.bottom)


def _leads(first: Cell, second: Cell) -> bool:
    """A list marker before its text, or the number of a heading before its title."""
    return bool(_MARKER.match(first.text) or (first.bold and second.bold and _SECTION.match(first.text)))


def _joined(first: Cell, second: Cell, glue: str) -> Cell:
    top, bottom = min(first.top, second.top), max(first.bottom, second.bottom)
    return Cell(first.text + glue + second.text, first.x0, top, second.x1, bottom, first.bold and second.bold)


def find_tables(rows: list[Row]) -> list[TableRun]:
    """All tables among the rows of a region, top to bottom."""
    found: list[TableRun] = []
    index = 0
    while index < len(rows):
        if len(rows[index].cells) < 2:
            index += 1
            continue
        end = _run_end(rows, index)
        run = _as_table(rows, _with_header(rows, index, found[-1].end if found else 0), end)
        if run:
            found.append(run)
        index = end
    return found


def _run_end(rows: list[Row], start: int) -> int:
    """Past the last row with several cells that hangs together with the first."""
    end, index = start + 1, start + 1
    while index < len(rows) and index - end < 4:
        row, above = rows[index], rows[index - 1]
        if row.top - above.bottom > 2.0 * max(row.height, above.height):
            break
        if len(row.cells) > 1:
            end = index + 1
        elif len(row.text) > _MAX_PROSE and row.x1 > rows[start].cells[-1].x0:
            break
        index += 1
    return end


def _with_header(rows: list[Row], start: int, floor: int) -> int:
    """A line above that stands over the figures only ("Years ended December 31,") belongs to the table."""
    first = rows[start]
    while start > floor and start > 0:
        row = rows[start - 1]
        over = row.x0 > first.cells[0].x1 or row.x0 > first.x0 + 0.35 * (first.x1 - first.x0)
        if len(row.cells) > 1 or not over or first.top - row.bottom > 2.0 * row.height or len(row.text) > 60:
            break
        start -= 1
    return start


def _as_table(rows: list[Row], start: int, end: int) -> TableRun | None:
    block = rows[start:end]
    wide = [row for row in block if len(row.cells) > 1]
    figures = sum(1 for row in wide for cell in row.cells[1:] if _FIGURE.match(cell.text))
    if len(wide) < (2 if figures else 3) or len(wide) < 0.34 * len(block):
        return None
    columns = _columns(wide)
    if len(columns) < 2:
        return None
    grid = _merge_labels([_place(row, columns) for row in block])
    if not figures and _looks_like_prose(grid):
        return None
    return TableRun(start, end, grid, _header_rows(grid))


def _columns(wide: list[Row]) -> list[tuple[float, float]]:
    """Strips that the fullest rows cover, divided by white ones."""
    counts = sorted(len(row.cells) for row in wide)
    typical = counts[int(len(counts) * 0.75)]
    full = [row for row in wide if len(row.cells) >= max(2, typical - 1)]
    x_min = min(row.x0 for row in full)
    bins = int((max(row.x1 for row in full) - x_min) / _BIN_PT) + 2
    steps = [0] * (bins + 1)
    for row in full:
        for cell in row.cells:
            steps[max(int((cell.x0 - x_min) / _BIN_PT), 0)] += 1
            steps[min(int((cell.x1 - x_min) / _BIN_PT) + 1, bins)] -= 1
    return _strips(steps, x_min, tolerance=int(0.06 * len(full)))


def _strips(steps: list[int], x_min: float, *, tolerance: int) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    level, start = 0, None
    for index, step in enumerate(steps):
        level += step
        covered = level > tolerance
        if covered and start is None:
            start = index
        elif not covered and start is not None:
            found.append((x_min + start * _BIN_PT, x_min + index * _BIN_PT))
            start = None
    return found


def _place(row: Row, columns: list[tuple[float, float]]) -> list[str]:
    placed: list[list[str]] = [[] for _ in columns]
    for cell in row.cells:
        placed[_column_of(cell, columns)].append(cell.text)
    return [" ".join(texts) for texts in placed]


def _column_of(cell: Cell, columns: list[tuple[float, float]]) -> int:
    """The first column that the cell covers by half; else the one it overlaps most or stands nearest to."""
    overlaps = [min(cell.x1, end) - max(cell.x0, start) for start, end in columns]
    for index, (start, end) in enumerate(columns):
        if overlaps[index] > 0.5 * min(end - start, cell.x1 - cell.x0):
            return index
    return overlaps.index(max(overlaps))


def _merge_labels(grid: list[list[str]]) -> list[list[str]]:
    """Labels over two lines become one row: the second line begins in lower case."""
    merged: list[list[str]] = []
    for cells in grid:
        above = merged[-1] if merged else None
        open_label = above is not None and bool(above[0]) and bool(cells[0])
        continues = open_label and (cells[0][0].islower() or bool(above and _OPEN_END.search(above[0])))
        if above is not None and continues and (not any(above[1:]) or not any(cells[1:])):
            rest = above[1:] if any(above[1:]) else cells[1:]
            merged[-1] = [f"{above[0]} {cells[0]}", *rest]
        else:
            merged.append(cells)
    return merged


def _looks_like_prose(grid: list[list[str]]) -> bool:
    """Long texts in every column: two texts side by side rather than records."""
    texts = [cell for row in grid for cell in row if cell]
    return len(grid[0]) == 2 and sum(map(len, texts)) / len(texts) > 60


def _header_rows(grid: list[list[str]]) -> int:
    for index, row in enumerate(grid[:5]):
        if any(_FIGURE.match(cell) and not _YEAR.match(cell) for cell in row[1:] if cell):
            return index
        if row[0] and not any(row[1:]) and index:
            return index
    return 1
