"""XLSX by openpyxl: a sheet is a page, a row a record that names its columns."""

import datetime as dt
import io
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.compound import is_compound
from ingest.elements import ParsedDocument
from ingest.limits import check_package
from ingest.parsers.titles import sensible_title

MAX_ROWS = 100_000  # of all sheets together
MAX_CHARS = 30_000_000
_MAX_BLANK_ROWS = 2_000  # sheets formatted to the last of a million rows
_MAX_COLUMNS = 1_000


def parse_xlsx(data: bytes, _name: str) -> ParsedDocument:
    """Rows as "Header: value; Header: value".

    Raises DocumentError: XLSX_ENCRYPTED, XLSX_BROKEN, EMPTY_DOCUMENT, ARCHIVE_TOO_LARGE, XML_ENTITIES.
    """
    if is_compound(data):
        message = "This file is an old .xls or protected by a password. Save it as .xlsx without a password."
        raise DocumentError(message, code="XLSX_ENCRYPTED")
    check_package(data)
    from openpyxl import load_workbook

    builder = DocumentBuilder()
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheets = _Sheets(builder)
        for number, sheet in enumerate(book.worksheets, start=1):
            sheets.add(sheet, number)
            builder.page_count = number
        builder.title = sensible_title(book.properties.title)
        if book.properties.creator:
            builder.metadata["author"] = book.properties.creator
    # openpyxl meets damaged packages with whatever its code trips over (KeyError, BadZipFile, ParseError, …).
    except Exception as error:
        if not any(True for _ in builder.build().elements):
            message = "This workbook is damaged and could not be opened. Save it again as .xlsx and upload that."
            raise DocumentError(message, code="XLSX_BROKEN") from error
        builder.notes.append("A part of this workbook is damaged: what stands after it was not read.")
    if not sheets.rows:
        raise DocumentError("This workbook holds no values.", code="EMPTY_DOCUMENT")
    return builder.build()


class _Sheets:
    """Writes sheets within one budget of rows."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self.rows = 0

    def add(self, sheet: Any, page: int) -> None:
        self._builder.heading(sheet.title, 1, page=page)
        sheet.reset_dimensions()  # the stored extent is often wrong
        header: list[str] | None = None
        for cells, fresh, following in _blocks(sheet):
            if self.rows >= MAX_ROWS or self._builder.length > MAX_CHARS:
                self._builder.notes.append(
                    f'Sheet "{sheet.title}" was read in part: the limit is {MAX_ROWS:,} rows a workbook.'
                )
                return
            self.rows += 1
            if _is_header(cells, following) and (fresh or header is None):
                header = [_value(cell) for cell in cells]
                self._builder.paragraph("; ".join(filter(None, header)), page=page)
            else:
                self._row(cells, header, page)

    def _row(self, cells: list[Any], header: list[str] | None, page: int) -> None:
        texts = [_value(cell) for cell in cells]
        if sum(1 for text in texts if text) == 1 and (header is None or len([text for text in header if text]) > 1):
            self._builder.paragraph("".join(texts), page=page)
            return
        pairs = zip_longest(header or [], texts, fillvalue="")
        self._builder.row("; ".join(f"{name}: {text}" if name else text for name, text in pairs if text), page=page)


def _blocks(sheet: Any) -> Iterator[tuple[list[Any], bool, list[Any] | None]]:
    """Rows with values, whether a blank row or the top stands above, and the row that follows directly."""
    held: list[Any] | None = None
    held_fresh, blank = True, 0
    for row in sheet.iter_rows(max_col=_MAX_COLUMNS):
        cells = list(row)
        empty = all(_value(cell) == "" for cell in cells)
        if held is not None:
            yield held, held_fresh, None if empty else cells
            held = None
        if empty:
            blank += 1
            if blank > _MAX_BLANK_ROWS:
                return
            continue
        held, held_fresh, blank = cells, blank > 0, 0
    if held is not None:
        yield held, held_fresh, None


def _is_header(cells: list[Any], following: list[Any] | None) -> bool:
    """Names only, at least two of them, over a row that is as wide."""
    names = [cell for cell in cells if _value(cell)]
    if following is None or len(names) < 2 or not all(isinstance(cell.value, str) for cell in names):
        return False
    below = sum(1 for cell in following if _value(cell))
    return 2 <= below <= len(names) + 1 and len({_value(cell) for cell in names}) == len(names)


def _value(cell: Any) -> str:
    """A value as a person reads it: ISO dates, percents, numbers without noise."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    if isinstance(value, float | int):
        if "%" in str(cell.number_format or ""):
            return f"{value * 100:.10g}%"
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    return " ".join(str(value).split())
