"""JSON that a caller gives us to keep: what every database and every JSON reader (RFC 8259 §8) can hold."""

import json
import math
import re
from typing import Any

MAX_DEPTH = 20
_HALF = re.compile("[\ud800-\udfff]")


def checked_json(value: dict[str, Any], *, max_bytes: int) -> dict[str, Any]:
    """`value`; raises `ValueError` when it is too large or deep, or holds NUL, lone surrogates, NaN or infinities."""
    _check(value, 0)
    if len(json.dumps(value)) > max_bytes:
        raise ValueError(f"may have {max_bytes // 1024} KiB at most")
    return value


def _check(value: Any, level: int) -> None:
    if level > MAX_DEPTH:
        raise ValueError(f"is nested too deeply ({MAX_DEPTH} levels at most)")
    if isinstance(value, str):
        plain_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must not contain NaN or infinite numbers")
    elif isinstance(value, dict):
        for name, child in value.items():
            plain_text(name)
            _check(child, level + 1)
    elif isinstance(value, list):
        for child in value:
            _check(child, level + 1)


def plain_text(value: str) -> str:
    """Text that UTF-8 and PostgreSQL can hold; raises `ValueError`."""
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    if has_lone_surrogate(value):
        raise ValueError("must not contain half of a surrogate pair")
    return value


def has_lone_surrogate(value: str) -> bool:
    """Whether UTF-8 cannot hold it: JSON can write half of a UTF-16 pair as `\\ud800`."""
    return not value.isascii() and _HALF.search(value) is not None
