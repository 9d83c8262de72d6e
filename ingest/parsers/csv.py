"""CSV and its kin: one row a line that names its own columns (“City: Oslo; Population: 717,710”)."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.encoding import decode

SNIFF_CHARACTERS = 16_384
MAX_FIELD_CHARACTERS = 1_000_000
MAX_ROWS = 200_000
MAX_LINE_CHARACTERS = 8_000_000  # beyond that it is no table, and its cells would fill the memory
MAX_TITLES = 3
DELIMITERS = ",;\t|"


def parse_csv(data: bytes, _name: str) -> ParsedDocument:
    text = decode(data).lstrip("\ufeff")
    if _longest_line(text) > MAX_LINE_CHARACTERS:
        raise DocumentError(
            f"A line of the table has more than {MAX_LINE_CHARACTERS:,} characters. Check its line breaks and quotes.",
            code="CSV_LINE_TOO_LONG",
        )
    builder = DocumentBuilder()
    titles, rows = _titled(_rows(text))
    for title in titles:
        builder.heading(title, 1)
    first = next(rows, None)
    if first is None:
        return builder.build()
    header = first if _is_header(first) else [f"Column {number}" for number in range(1, len(first) + 1)]
    if header is not first:
        builder.row(described(header, first))
    for number, row in enumerate(rows):
        if number >= MAX_ROWS:
            builder.notes.append(f"Only the first {MAX_ROWS:,} rows were read: split the file.")
            break
        builder.row(described(header, row))
    if not builder.length and header is first:
        builder.row("; ".join(cell.strip() for cell in header if cell.strip()))
    return builder.build()


def _titled(rows: Iterator[list[str]]) -> tuple[list[str], Iterator[list[str]]]:
    """Lines of one filled cell above the names of several columns are the table's title."""
    head = list(islice(rows, MAX_TITLES + 1))
    filled = [[cell.strip() for cell in row if cell.strip()] for row in head]
    count = next((number for number, cells in enumerate(filled) if len(cells) > 1), 0)
    if count and not _is_header(head[count]):
        count = 0
    return [cells[0] for cells in filled[:count]], chain(head[count:], rows)


def _longest_line(text: str) -> int:
    """Characters; without splitting, which would copy the text."""
    longest = start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        longest, start = max(longest, end - start), end + 1
    return longest


def described(header: Sequence[str], row: Sequence[str]) -> str:
    """“Name: value; …” without empty cells; cells beyond the header stand alone."""
    parts = []
    for number, cell in enumerate(row):
        value = " ".join(cell.split())
        name = " ".join(header[number].split()) if number < len(header) else ""
        if value:
            parts.append(f"{name}: {value}" if name else value)
    return "; ".join(parts)


def _rows(text: str) -> Iterator[list[str]]:
    delimiter = _delimiter(text[:SNIFF_CHARACTERS])
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        for row in csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                yield row
    except csv.Error as error:
        raise DocumentError(
            f"The table cannot be read ({error}). Check quotes and delimiters.", code="CSV_BROKEN"
        ) from None


def _delimiter(sample: str) -> str:
    """The one that splits the first lines most evenly; a comma when none does."""
    lines = [line for line in sample.splitlines()[:20] if line.strip()]
    while len(lines) > 2 and not any(mark in lines[0] for mark in DELIMITERS):
        lines.pop(0)  # a title
    counts = {mark: [line.count(mark) for line in lines] for mark in DELIMITERS}
    even = {mark: min(found) for mark, found in counts.items() if found and min(found) > 0}
    if even:
        return max(even, key=lambda mark: (even[mark], -DELIMITERS.index(mark)))
    return max(DELIMITERS, key=lambda mark: (sum(counts[mark][:1]), -DELIMITERS.index(mark))) if lines else ","


def _is_header(row: Sequence[str]) -> bool:
    """Names: filled, different, none of them a number."""
    cells = [cell.strip() for cell in row]
    filled = [cell for cell in cells if cell]
    return len(filled) >= max(1, len(cells) - 1) and len(set(filled)) == len(filled) and not any(map(_number, filled))


def _number(cell: str) -> bool:
    try:
        float(cell.replace(",", ".").replace("%", "").replace(" ", ""))
    except ValueError:
        return False
    return True
