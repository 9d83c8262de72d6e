"""Words to rows of cells: a row is one baseline, a cell a run of words without a wide gap."""

from dataclasses import dataclass

from ingest.parsers.pdf.words import LEFTWARDS, LINE_HYPHEN, Word

# A gap of .9 line heights is wider than a justified space and narrower than the gutters of tables.
_CELL_GAP = 0.9


@dataclass(slots=True)
class Cell:
    """A run of words on one baseline."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    bold: bool

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(slots=True)
class Row:
    """Cells of one baseline, left to right."""

    cells: list[Cell]
    top: float
    bottom: float

    @property
    def text(self) -> str:
        return "  ".join(cell.text for cell in self.cells)

    @property
    def height(self) -> float:
        return max(cell.height for cell in self.cells)

    @property
    def x0(self) -> float:
        return self.cells[0].x0

    @property
    def x1(self) -> float:
        return self.cells[-1].x1

    @property
    def bold(self) -> bool:
        return all(cell.bold for cell in self.cells)


def runs(words: list[Word]) -> list[Cell]:
    """Neighbouring words of the stream that stand on one baseline and close to each other."""
    cells: list[Cell] = []
    texts: list[str] = []
    for word in words:
        if cells and not texts[-1].endswith(LINE_HYPHEN) and _continues(cells[-1], word):
            cell = cells[-1]
            texts.append(word.text)
            cell.x1 = max(cell.x1, word.x1)
            cell.top, cell.bottom = min(cell.top, word.top), max(cell.bottom, word.bottom)
            continue
        if cells:
            cells[-1].text = " ".join(texts)
        texts = [word.text]
        cells.append(Cell(word.text, word.x0, word.top, word.x1, word.bottom, word.bold))
    if cells:
        cells[-1].text = " ".join(texts)
    return cells


def _continues(cell: Cell, word: Word) -> bool:
    height = max(cell.bottom - cell.top, word.bottom - word.top, 1.0)
    overlap = min(cell.bottom, word.bottom) - max(cell.top, word.top)
    gap = word.x0 - cell.x1
    return overlap > 0.4 * min(cell.bottom - cell.top, word.bottom - word.top) and (
        -0.3 * height < gap < _CELL_GAP * height
    )


def rows(cells: list[Cell]) -> list[Row]:
    """Cells to rows from top to bottom; cells that nearly touch become one."""
    if not cells:
        return []
    groups: list[list[Cell]] = []
    centre, reach = 0.0, 0.0
    for cell in sorted(cells, key=lambda item: item.top + item.bottom):
        middle = (cell.top + cell.bottom) / 2
        if groups and middle - centre < 0.45 * min(reach, max(cell.height, 1.0)):
            groups[-1].append(cell)
            continue
        groups.append([cell])
        centre, reach = middle, max(cell.height, 1.0)
    return [_row(group) for group in groups]


def _row(group: list[Cell]) -> Row:
    if _reads_leftwards(group):
        return _row_leftwards(group)
    group.sort(key=lambda item: item.x0)
    merged: list[Cell] = []
    for cell in group:
        if merged and cell.x0 - merged[-1].x1 < _CELL_GAP * 0.8 * max(cell.height, merged[-1].height):
            last = merged[-1]
            glue = "" if cell.x0 - last.x1 < 0.08 * cell.height and not last.text.endswith(LINE_HYPHEN) else " "
            merged[-1] = Cell(
                last.text + glue + cell.text,
                last.x0,
                min(last.top, cell.top),
                max(last.x1, cell.x1),
                max(last.bottom, cell.bottom),
                last.bold and cell.bold,
            )
        else:
            merged.append(cell)
    return Row(merged, min(cell.top for cell in merged), max(cell.bottom for cell in merged))


def _reads_leftwards(group: list[Cell]) -> bool:
    """Mostly Hebrew or Arabic letters."""
    text = "".join(cell.text for cell in group)
    if text.isascii():
        return False
    letters = sum(map(str.isalpha, text))
    return len(LEFTWARDS.findall(text)) > letters / 2


def _row_leftwards(group: list[Cell]) -> Row:
    """A right-to-left line is one cell, its words from the right."""
    group.sort(key=lambda item: -item.x1)
    top, bottom = min(cell.top for cell in group), max(cell.bottom for cell in group)
    text = " ".join(cell.text for cell in group)
    bold = all(cell.bold for cell in group)
    return Row([Cell(text, group[-1].x0, top, max(cell.x1 for cell in group), bottom, bold)], top, bottom)
