"""Batches as JSON Lines: `{external_id?, title, text, url?, language?, metadata?}` a line (CONTRACT, row 5b)."""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from core.errors import InvalidInput
from core.strict_model import unknown_field
from domain.documents.items import MAX_EXTERNAL_ID, Item, Refused, checked_text, checked_title
from domain.json_values import checked_json, has_lone_surrogate
from domain.models import SourceType
from ingest.fingerprint import content_hash

MAX_LINE_BYTES = 16 * 2**20
_LANGUAGE = re.compile(r"^[a-z]{2}$")
_DECODER = json.JSONDecoder()
_KNOWN = {"external_id", "title", "text", "url", "language", "metadata"}


def read_items(source: BinaryIO, blob_key: str) -> Iterator[Item | Refused]:
    """One item or refusal a non-blank line; each item's original is its line within the one blob."""
    offset, number = 0, 0
    while line := source.readline(MAX_LINE_BYTES + 1):
        number += 1
        start, offset = offset, offset + len(line)
        if len(line) > MAX_LINE_BYTES:
            offset += _skip_line(source)
            yield Refused(f"line {number}", "LINE_TOO_LONG", f"A line may have {MAX_LINE_BYTES // 2**20} MiB at most.")
        elif line.strip():
            try:
                yield _item(line, number, blob_key, start)
            except InvalidInput as error:
                yield Refused(f"line {number}", error.code, error.message)


def _skip_line(source: BinaryIO) -> int:
    skipped = 0
    while rest := source.readline(MAX_LINE_BYTES):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            break
    return skipped


def _item(line: bytes, number: int, blob_key: str, start: int) -> Item:
    record = _record(line)
    text = record.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput("text must be a non-empty string.", field="text")
    if has_lone_surrogate(text):
        raise InvalidInput("text must not contain half of a surrogate pair.", field="text")
    external_id = _string(record, "external_id", MAX_EXTERNAL_ID)
    return Item(
        file_name=f"{external_id or f'line-{number}'}.json",
        title=checked_title(_given(record, "title")),
        external_id=external_id,
        blob_key=blob_key,
        blob_start=start,
        blob_bytes=len(line),
        content_hash=content_hash(line.strip()),
        source_type=SourceType.TEXT,
        source_url=_url(record),
        language=_language(record),
        custom=_metadata(record),
        line=number,
    )


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = _decoded(line)
    except (ValueError, RecursionError):
        raise InvalidInput("This line is not JSON in UTF-8.", code="INVALID_JSON") from None
    if not isinstance(record, dict):
        raise InvalidInput("A line must be a JSON object with at least “text”.", code="INVALID_JSON")
    if unknown := sorted(record.keys() - _KNOWN):
        told = f"{unknown[0][:80]}: {unknown_field(unknown[0], _KNOWN)} What is yours belongs under “metadata”."
        raise InvalidInput(told, field=unknown[0][:80])
    return record


def _decoded(line: bytes) -> Any:
    """As `json.loads(line)`, which first looks for other encodings, byte order marks and halves of surrogate pairs."""
    try:
        return _DECODER.decode(line.decode())
    except ValueError:
        return json.loads(line)


def _given(record: dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a string.", field=name)
    return value


def _string(record: dict[str, Any], name: str, limit: int) -> str | None:
    return checked_text(_given(record, name), name, limit)


def _url(record: dict[str, Any]) -> str | None:
    url = _string(record, "url", 2_000)
    if url is not None and not url.startswith(("http://", "https://")):
        raise InvalidInput("url must begin with http:// or https://.", field="url")
    return url


def _language(record: dict[str, Any]) -> str | None:
    language = _string(record, "language", 2)
    if language is not None and not _LANGUAGE.match(language):
        raise InvalidInput("language must be an ISO 639-1 code such as “en”.", field="language")
    return language


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    given = record.get("metadata")
    return checked_metadata(given) if given else {}


def checked_metadata(value: Any) -> dict[str, Any]:
    """A JSON object of at most 16 KiB that every database can hold; raises `InvalidInput`."""
    if not isinstance(value, dict):
        raise InvalidInput("metadata must be a JSON object.", field="metadata")
    try:
        return checked_json(value, max_bytes=16_384)
    except ValueError as error:
        raise InvalidInput(f"metadata {error}.", field="metadata") from None
