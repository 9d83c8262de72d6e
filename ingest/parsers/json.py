"""JSON and JSON Lines: keys as headings, flat objects as rows, long strings as paragraphs."""

import json
from typing import Any

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.encoding import decode

MAX_DEPTH = 60
LONG_CHARACTERS = 300
_TITLES = ("title", "name", "headline", "subject")


def parse_json(data: bytes, _name: str) -> ParsedDocument:
    try:
        value = json.loads(decode(data))
    except (ValueError, RecursionError):
        raise DocumentError("This is not valid JSON: check it with a JSON tool.", code="JSON_BROKEN") from None
    builder = DocumentBuilder()
    if isinstance(value, dict):
        builder.title = next((value[key] for key in _TITLES if isinstance(value.get(key), str)), None)
    _add(builder, value, 1)
    return builder.build()


def parse_jsonl(data: bytes, _name: str) -> ParsedDocument:
    builder, broken = DocumentBuilder(), 0
    for line in decode(data).split("\n"):  # splitlines would cut at U+2028, which JSON strings may hold
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            broken += 1
            continue
        builder.row(_flat(record))
    if broken:
        builder.notes.append(f"{broken} lines are not valid JSON and were left out.")
    return builder.build()


def _add(builder: DocumentBuilder, value: Any, level: int) -> None:
    if level > MAX_DEPTH:
        message = f"The JSON is nested deeper than {MAX_DEPTH} levels: flatten it, or upload its parts as files."
        raise DocumentError(message, code="JSON_TOO_DEEP")
    if isinstance(value, dict):
        _add_object(builder, value, level)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict) and _is_flat(item):
                builder.row(_flat(item))
            elif isinstance(item, dict | list):
                _add(builder, item, level + 1)
            else:
                builder.list_item(_scalar(item))
    else:
        builder.paragraph(_scalar(value))


def _add_object(builder: DocumentBuilder, value: dict[str, Any], level: int) -> None:
    """Scalars first, together; then what is long or nested under a heading of its own."""
    short = {key: item for key, item in value.items() if not isinstance(item, dict | list) and not _is_long(item)}
    builder.row(_flat(short))
    for key, item in value.items():
        if key not in short and item not in ({}, []):
            builder.heading(str(key), level)
            _add(builder, item, level + 1)


def _is_flat(value: dict[str, Any]) -> bool:
    return not any(isinstance(item, dict | list) or _is_long(item) for item in value.values())


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and (len(value) > LONG_CHARACTERS or "\n" in value.strip())


def _flat(value: Any, prefix: str = "", depth: int = 0) -> str:
    """“path: value; …” of whatever is below."""
    if depth > MAX_DEPTH:
        return ""
    if isinstance(value, dict):
        parts = [_flat(item, f"{prefix}.{key}" if prefix else str(key), depth + 1) for key, item in value.items()]
    elif isinstance(value, list):
        parts = [_flat(item, prefix, depth + 1) for item in value]
    else:
        text = _scalar(value)
        return f"{prefix}: {text}" if prefix and text else text
    return "; ".join(part for part in parts if part)


def _scalar(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
