"""Attachments: files in the blob store, stored before any row names them."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.blobs.protocol import BlobStore
from core.clock import utc_now
from core.database import Database
from core.errors import InvalidInput, TooLarge
from core.ids import Prefix, new_id
from domain.documents.items import safe_name
from domain.emails.repository import EmailRepository
from domain.principal import Permission, Principal

MOST, MAX_BYTES = 20, 10 * 2**20
SLACK = timedelta(minutes=10)  # of a clock that is put back meanwhile


@dataclass(frozen=True, slots=True)
class File:
    filename: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attached:
    """As a mail's row names it."""

    id: str
    filename: str
    content_type: str
    bytes: int

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "filename": self.filename, "content_type": self.content_type, "bytes": self.bytes}


def blob_key(workspace_id: str, attachment_id: str) -> str:
    return f"{workspace_id}/{attachment_id}"


@contextmanager
def stored(database: Database, blobs: BlobStore, who: Principal, files: Sequence[File]) -> Iterator[list[Attached]]:
    """For the block that writes the mail; what no mail names after it, whatever went wrong, is removed again."""
    who.require(Permission.EMAILS_WRITE)
    _check(files)
    since, found = utc_now() - SLACK, list[Attached]()
    try:
        for one in files:
            name = safe_name(one.filename, "attachments").rpartition("/")[2]
            kept = Attached(new_id(Prefix.ATTACHMENT), name, one.content_type, len(one.content))
            found.append(kept)
            blobs.put(blob_key(who.workspace_id, kept.id), io.BytesIO(one.content))
        yield found
    finally:
        if found:
            _discard_unnamed(database, blobs, who, [one.id for one in found], since)


def _discard_unnamed(database: Database, blobs: BlobStore, who: Principal, ids: Sequence[str], since: Any) -> None:
    with database.read() as session:
        named = EmailRepository(session, who).attached_since(since)
    for attachment_id in sorted(set(ids) - named):
        blobs.delete(blob_key(who.workspace_id, attachment_id))


def _check(files: Sequence[File]) -> None:
    if len(files) > MOST:
        raise InvalidInput(f"A mail has at most {MOST} attachments.", field="attachments")
    if sum(len(one.content) for one in files) > MAX_BYTES:
        raise TooLarge(
            f"The attachments of a mail have at most {MAX_BYTES // 2**20} MiB together: leave some out, or send links.",
            code="ATTACHMENTS_TOO_LARGE", field="attachments",
        )  # fmt: skip
