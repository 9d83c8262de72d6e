"""Uploaded files: sized, hashed and stored before any row names them."""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from starlette.datastructures import UploadFile

from api.body_limits import too_large
from api.state import ApiState
from core.errors import InvalidInput
from core.ids import Prefix, new_id
from domain.documents.items import Item, safe_name
from domain.documents.service import DocumentService
from domain.plans import max_file_bytes
from domain.principal import Principal
from domain.workspaces.service import WorkspaceService

READ_BYTES = 1 << 20
_LINE_BREAK = re.compile("%0[AD]")


class StoredBlobs:
    """Blobs of one request; those that no document came to need are removed again."""

    def __init__(self, state: ApiState, who: Principal) -> None:
        self._state, self._blobs, self._who, self._keys = state, state.blobs, who, list[str]()

    def put(self, source: BinaryIO) -> str:
        key = f"{self._who.workspace_id}/{new_id(Prefix.DOCUMENT)}"
        self._keys.append(key)
        self._blobs.put(key, source)
        return key

    def discard_unnamed(self) -> None:
        """After the last commit, or when something went wrong before it."""
        with self._state.database.read() as session:
            unnamed = DocumentService(session, self._who).unnamed(self._keys)
        for key in unnamed:
            self._blobs.delete(key)


@contextmanager
def stored_blobs(state: ApiState, who: Principal) -> Iterator[StoredBlobs]:
    """Nothing half written: whatever goes wrong in the block takes the blobs along that nothing stored names."""
    stored = StoredBlobs(state, who)
    try:
        yield stored
    except BaseException:
        stored.discard_unnamed()
        raise


def file_limit(state: ApiState, who: Principal) -> int:
    """Largest file in bytes that the workspace's plan allows."""
    with state.database.read() as session:
        plan = WorkspaceService(session, who).plan()
    return max_file_bytes(plan, state.settings.max_upload_mb)


def store_upload(upload: UploadFile, stored: StoredBlobs, limit_bytes: int, *, external_id: str | None = None) -> Item:
    """One uploaded file as an item; raises for a bad name, an empty or too large file."""
    name = uploaded_name(upload)
    size, digest = measure(upload.file)
    if size == 0:
        raise InvalidInput(f"“{name}” is empty.", code="EMPTY_DOCUMENT", field="file")
    if size > limit_bytes:
        raise too_large(limit_bytes)
    upload.file.seek(0)
    key = stored.put(upload.file)
    return Item(name, key, size, digest, external_id=external_id)


def store_text(text: str, name: str, stored: StoredBlobs) -> Item:
    """What was written in a request, as an item."""
    source = io.BytesIO(text.encode())
    size, digest = measure(source)
    source.seek(0)
    return Item(name, stored.put(source), size, digest)


def uploaded_name(upload: UploadFile) -> str:
    """Its file's name; raises `InvalidInput`. Browsers write its line breaks as `%0A` and `%0D` (HTML, “Multipart form
    data”)."""
    return safe_name(_LINE_BREAK.sub("\n", upload.filename or ""))


def measure(source: BinaryIO) -> tuple[int, str]:
    """Size in bytes and SHA-256 (hex) of what is left of `source`."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(READ_BYTES):
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()
