"""CSV (RFC 4180) that a spreadsheet opens as text: no cell of ours is taken for a formula.

A cell that begins with one of the characters that start a formula gets an apostrophe before it, also behind white space
(OWASP, CSV Injection): who typed a name must not run something on the machine of whoever reads the report.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from core.clock import iso

MEDIA_TYPE = "text/csv; charset=utf-8"
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def csv_rows(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The header and each row as a line that ends with CR LF; a byte order mark first, by which Excel knows UTF-8."""
    yield "\ufeff" + _line(header)
    for row in rows:
        yield _line(row)


def safe_cell(value: Any) -> str:
    """Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return iso(value)
    text = str(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return text
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) or text.lstrip().startswith(_BEGINS_FORMULA) else text


def _line(row: Sequence[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([safe_cell(value) for value in row])
    return written.getvalue()
