"""Contacts of a CSV (RFC 4180), as spreadsheets write it: in any encoding, with commas, semicolons or tabs.

A header names the columns; those that we do not know are kept as the contact's own data. A row that cannot be read, or
has nothing to call, hurts no other.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import DocumentError, InvalidInput
from core.visible import one_line
from domain.campaigns.contacts import NewContact, Problem
from domain.leads.contact import split_name
from ingest.encoding import decode

LONGEST = 200  # characters of a cell
MOST_COLUMNS = 100
_NAMES = {
    "to": ("to", "phone", "phonenumber", "tonumber", "number", "mobile", "telephone"),
    "contact_id": ("contactid", "leadid", "customerid"),
    "first_name": ("firstname", "givenname"),
    "last_name": ("lastname", "surname", "familyname"),
    "name": ("name", "fullname"),
    "email": ("email", "emailaddress", "mail"),
    "company": ("company", "organization", "organisation"),
}
_FIELDS = {alias: field for field, aliases in _NAMES.items() for alias in aliases}


def read_contacts(data: bytes) -> Iterator[NewContact | Problem]:
    """Row by row; a row is named by the line that it begins in, the header's being 1. Raises `InvalidInput` where no
    column says whom to call."""
    try:
        text = decode(data)
    except DocumentError as error:
        raise InvalidInput(f"The CSV cannot be read. {error.message}", code="INVALID_CSV") from None
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first), strict=True)
    columns: list[str] | None = None
    while True:
        line = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            yield Problem(line, "BROKEN_ROW", f"The row cannot be read as CSV: {error}.")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _columns(cells)
        else:
            yield _contact(line, columns, cells)
    if columns is None:
        raise InvalidInput("The CSV is empty: its first row names the columns, each other one is a contact.")


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)


def _columns(header: Sequence[str]) -> list[str]:
    if len(header) > MOST_COLUMNS:
        raise InvalidInput(f"The CSV has more than {MOST_COLUMNS} columns.", code="INVALID_CSV")
    names = [one_line(cell).strip() for cell in header]
    found = [_FIELDS.get("".join(filter(str.isalnum, name.lower())), name) for name in names]
    if "to" not in found and "contact_id" not in found:
        told = ", ".join(name[:40] for name in names[:10])
        raise InvalidInput(
            f"The first row of the CSV must name the columns, one of them phone (or contactId). It has: {told}.",
            code="INVALID_CSV",
        )
    return found


def _contact(line: int, columns: Sequence[str], cells: Sequence[str]) -> NewContact | Problem:
    if len(cells) > len(columns):
        return Problem(line, "BROKEN_ROW", f"The row has {len(cells)} cells, and the header {len(columns)}.")
    found = {name: one_line(cell).strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    long = next((name for name, value in found.items() if len(value) > LONGEST), None)
    if long is not None:
        return Problem(line, "TOO_LONG", f"{long[:40]} has more than {LONGEST} characters.")
    known = {name: found.pop(name) for name in _NAMES if name in found}
    return NewContact(line, custom=found, **_named(known))


def _named(known: Mapping[str, str]) -> dict[str, Any]:
    """`name` is both names, where they do not stand by themselves."""
    found: dict[str, Any] = {name: value for name, value in known.items() if name != "name"}
    if "name" in known and not found.keys() & {"first_name", "last_name"}:
        first, last = split_name(known["name"])
        found |= {"first_name": first} | ({"last_name": last} if last else {})
    return found
