"""Optimistic concurrency for resources that are edited: `ETag` out, `If-Match` in (RFC 9110 §13.1.1)."""

from typing import Protocol

from core.errors import PreconditionFailed


class Revised(Protocol):
    revision: int


def etag(row: Revised) -> str:
    return f'"{row.revision}"'


def check_match(row: Revised, if_match: str | None) -> None:
    """Raise `PreconditionFailed` when the caller's state is older than ours."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag(row) not in [tag.strip().removeprefix("W/") for tag in if_match.split(",")]:
        raise PreconditionFailed("Somebody changed this meanwhile. Fetch it again and repeat your change.")
