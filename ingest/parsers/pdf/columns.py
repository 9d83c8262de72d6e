"""Columns of running text: cuts a page into regions in reading order (a recursive XY cut, Nagy and Seth 1984).

Only columns of prose are cut, lines that fill most of their column on both sides: the columns of a table stay
together, since a row's label and its figures belong on one line.
"""

from ingest.parsers.pdf.rows import Cell

_MIN_LINES = 6
_MAX_DEPTH = 2
_BIN_PT = 2.0


def regions(cells: list[Cell], depth: int = 0) -> list[list[Cell]]:
    """The cells of a page in groups, in reading order."""
    gutter = _gutter(cells) if depth < _MAX_DEPTH and len(cells) >= 2 * _MIN_LINES else None
    if gutter is None:
        return [cells]
    left = [cell for cell in cells if cell.x1 <= gutter + 1]
    right = [cell for cell in cells if cell.x0 >= gutter - 1 and cell.x1 > gutter + 1]
    taken = {id(cell) for cell in left} | {id(cell) for cell in right}
    crossing = [cell for cell in cells if id(cell) not in taken]
    return _bands(left, right, crossing, depth)


def _bands(left: list[Cell], right: list[Cell], crossing: list[Cell], depth: int) -> list[list[Cell]]:
    """What crosses the gutter divides the page into bands; in each the left column comes first."""
    tagged = [(cell.top, "lr"[index], cell) for index, side in enumerate((left, right)) for cell in side]
    tagged += [(cell.top, "x", cell) for cell in crossing]
    tagged.sort(key=lambda entry: entry[0])
    found: list[list[Cell]] = []
    pending: dict[str, list[Cell]] = {"l": [], "r": [], "x": []}

    def flush(*sides: str) -> None:
        for side in sides:
            if pending[side]:
                found.extend(regions(pending[side], depth + 1))
                pending[side] = []

    for _, side, cell in tagged:
        flush(*("lr" if side == "x" else "x"))
        pending[side].append(cell)
    flush("x", "l", "r")
    return found


def _gutter(cells: list[Cell]) -> float | None:
    """The x of the emptiest vertical strip with prose on both sides."""
    x_min, x_max = min(cell.x0 for cell in cells), max(cell.x1 for cell in cells)
    width = x_max - x_min
    if width < 150:
        return None
    counts = _coverage(cells, x_min, int(width / _BIN_PT) + 1)
    low, high = int(len(counts) * 0.2), int(len(counts) * 0.8)
    best = min(counts[low:high], default=0)
    if best > 0.25 * max(counts):
        return None
    for start, end in _strips(counts, low, high, best):
        x = x_min + (start + end) / 2 * _BIN_PT
        left = [cell for cell in cells if cell.x1 <= x + 1]
        right = [cell for cell in cells if cell.x0 >= x - 1]
        if _is_prose(left, x - x_min) and _is_prose(right, x_max - x) and _side_by_side(left, right):
            return x
    return None


def _coverage(cells: list[Cell], x_min: float, bins: int) -> list[int]:
    """How many cells cover each strip of 2 points."""
    steps = [0] * (bins + 2)
    for cell in cells:
        steps[max(int((cell.x0 - x_min) / _BIN_PT), 0)] += 1
        steps[min(int((cell.x1 - x_min) / _BIN_PT) + 1, bins + 1)] -= 1
    counts, level = [], 0
    for step in steps[:bins]:
        level += step
        counts.append(level)
    return counts


def _strips(counts: list[int], low: int, high: int, best: int) -> list[tuple[int, int]]:
    """Runs of nearly empty bins, the ones nearest to the middle first."""
    found, start = [], None
    for index in range(low, high + 1):
        empty = index < high and counts[index] <= best + 1
        if empty and start is None:
            start = index
        if not empty and start is not None:
            found.append((start, index))
            start = None
    middle = len(counts) / 2
    return sorted(found, key=lambda strip: abs((strip[0] + strip[1]) / 2 - middle))[:3]


def _is_prose(cells: list[Cell], width: float) -> bool:
    if len(cells) < _MIN_LINES:
        return False
    full = sum(1 for cell in cells if cell.x1 - cell.x0 > 0.6 * width)
    letters = sum(sum(map(str.isalpha, cell.text)) for cell in cells)
    total = sum(len(cell.text) for cell in cells)
    return full >= max(_MIN_LINES - 1, 0.4 * len(cells)) and letters > 0.6 * total


def _side_by_side(left: list[Cell], right: list[Cell]) -> bool:
    top = max(min(cell.top for cell in left), min(cell.top for cell in right))
    bottom = min(max(cell.bottom for cell in left), max(cell.bottom for cell in right))
    heights = [max(cell.bottom for cell in side) - min(cell.top for cell in side) for side in (left, right)]
    return bottom - top > 0.4 * min(heights)
