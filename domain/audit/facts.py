"""What the audit log shows of a row: its fields as JSON, without secrets and without what only we keep."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import inspect

from core.clock import iso
from core.database import Base
from core.logs import REMOVED, sounds_secret

Facts = dict[str, Any]
LONGEST = 1_000  # characters of a value
_OURS = {
    "id", "workspace_id", "created_at", "updated_at", "revision", "lease_id", "key", "content_hash", "blob_key",
    "failures", "timeouts", "held_until", "failing_since", "last_used_at", "slug", "line_id", "accepted_by", "recheck",
    "checked_at", "reason", "reason_told", "reason_at", "email_key", "phone_key",
    "wake_at", "dialled_day", "dialled_calls",
}  # fmt: skip
_NEVER = ("digest", "hash")  # what is sealed stays: that it changed is shown
_URLS = {"url", "source_url", "site"}


def facts(row: Base) -> Facts:
    """Of all its columns; what stands in `before` is taken before the change, because a flush forgets it."""
    state = inspect(row)
    return {
        one.key.removeprefix("sealed_"): value
        for one in state.mapper.column_attrs
        if one.key not in _OURS and not any(part in one.key for part in _NEVER)
        and (value := getattr(row, one.key)) is not None
    }  # fmt: skip


def changes(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """The fields that differ, of objects within them likewise, each as it may be shown."""
    old: Facts = {}
    new: Facts = {}
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if isinstance(was, Mapping) and isinstance(now, Mapping) and not sounds_secret(name):
            old[name], new[name] = changes(dict(was), dict(now))
        else:
            old[name], new[name] = _shown(name, was), _shown(name, now)
    return old, new


def shown(found: Facts) -> Facts:
    return {name: _shown(name, value) for name, value in found.items()}


def _shown(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if sounds_secret(name) or isinstance(value, bytes):
        return REMOVED
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return _short_json({one: _shown(one, part) for one, part in value.items()})
    if isinstance(value, list | tuple):
        return _short_json([_shown(name, one) for one in value])
    text = _host_only(str(value)) if name in _URLS else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _host_only(url: str) -> str:
    """Paths and queries of receivers often are their password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…" if parts.hostname else url


def _short_json(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= 4 * LONGEST else text[: 4 * LONGEST] + "…"
