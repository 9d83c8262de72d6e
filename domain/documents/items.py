"""What enters: one accepted document each, its original already stored, checked and named safely."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from core.errors import InvalidInput
from core.visible import is_visible, one_line
from domain.json_values import has_lone_surrogate
from domain.models import SourceType

MAX_NAME = 255
MAX_TITLE = 500
MAX_EXTERNAL_ID = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Item:
    """An original at `blob_key[blob_start : blob_start + blob_bytes]` and what is known about it."""

    file_name: str
    blob_key: str
    blob_bytes: int
    content_hash: str
    title: str | None = None
    external_id: str | None = None
    blob_start: int = 0
    source_type: SourceType = SourceType.FILE
    source_url: str | None = None
    language: str | None = None
    custom: dict[str, Any] = field(default_factory=dict)
    line: int | None = None

    @property
    def place(self) -> str:
        """Where it stands in its batch, for a person."""
        return f"line {self.line}" if self.line else self.file_name


@dataclass(frozen=True, slots=True)
class Refused:
    """A part of a batch that could not be accepted."""

    where: str
    code: str
    message: str

    def as_json(self) -> dict[str, str]:
        return {"item": self.where, "code": self.code, "message": self.message}


def safe_name(name: str | None, field_name: str = "file") -> str:
    """A relative file name without tricks, each part on one line; raises `InvalidInput` for `..` and the like."""
    given = unicodedata.normalize("NFC", (name or "").replace("\\", "/")).strip()
    shown = [one_line(part) for part in given.split("/") if part]
    hidden = any(not is_visible(part) for part in shown)
    parts = [part for part in shown if part != "."]
    if not parts or hidden or ".." in parts or has_lone_surrogate(given) or given.startswith("/"):
        raise InvalidInput(
            "The file needs a plain name: no “..”, no absolute path, nothing that is invisible as a whole.",
            code="INVALID_FILE_NAME",
            field=field_name,
        )
    whole = "/".join(parts)
    return whole if len(whole) <= MAX_NAME else whole[-MAX_NAME:].lstrip("./ ")


def checked_title(value: str | None, name: str = "title") -> str | None:
    """A title on one line, None when nothing of it is visible; raises `InvalidInput` where it is too long."""
    return checked_text(None if value is None else one_line(value), name, MAX_TITLE)


def checked_text(value: str | None, name: str, limit: int) -> str | None:
    """Short text without control characters, None when blank; raises `InvalidInput`."""
    if value is None or not value.strip():
        return None
    if _CONTROL.search(value) or has_lone_surrogate(value):
        raise InvalidInput(f"{name} must not contain control characters.", field=name)
    if len(value) > limit:
        raise InvalidInput(f"{name} may have at most {limit} characters.", field=name)
    return value.strip() if is_visible(value) else None


def superseded(where: str) -> Refused:
    return Refused(where, "SUPERSEDED", "A later item of this batch has the same external_id; the later one was taken.")


def last_of_each(items: Iterable[Item]) -> tuple[list[Item], list[Refused]]:
    """Within one page of a batch the last item of an `external_id` holds; the earlier ones are told so."""
    kept: dict[str, Item] = {}
    refused: list[Refused] = []
    for number, item in enumerate(items):
        key = item.external_id or f"\0{number}"
        if key in kept:
            refused.append(superseded(kept[key].place))
            del kept[key]
        kept[key] = item
    return list(kept.values()), refused
