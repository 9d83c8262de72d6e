"""Blobs in a local folder: written beside, synced, renamed into place."""

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.disk import require_room
from core.errors import NotFound, Unavailable
from core.ids import Prefix, new_id

_COPY_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOTHING_NEW = "nothing new is taken (INSYDR_MIN_FREE_DISK_MB)"


class FolderBlobStore:
    """Two levels of folders by key; modes keep other users of the machine out.

    With less than `reserve_bytes` of room left on its disk nothing is stored: that room is for the work on what was
    accepted before.
    """

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        self._root, self._reserve_bytes = root, reserve_bytes

    def put(self, key: str, source: BinaryIO) -> int:
        target = self._path(key)
        partial = target.with_name(f".{target.name}.{new_id(Prefix.REQUEST)}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            require_room(target.parent, self._reserve_bytes, _NOTHING_NEW)
            with partial.open("xb") as file:
                shutil.copyfileobj(source, file, _COPY_BYTES)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise Unavailable(
                f"The file could not be stored ({error.strerror}). Nothing was kept; {_advice(error)} and try again.",
                code="STORAGE_FULL" if error.errno in _FULL else "STORAGE_FAILED",
            ) from error
        return size

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self._open(key) as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        file = self._open(key)
        file.seek(start)
        return _blocks(file, length)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with self._open(key):
            yield self._path(key)

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def keys(self, prefix: str = "") -> Iterator[str]:
        for path in self._root.rglob("*"):
            key = path.relative_to(self._root).as_posix()
            if path.is_file() and not path.name.startswith(".") and key.startswith(prefix):
                yield key

    def tidy(self, older_than_s: float) -> None:
        """Partial files of processes that died while they wrote."""
        limit = time.time() - older_than_s
        for path in self._root.glob("*/.*"):
            try:
                if path.is_file() and path.stat().st_mtime < limit:
                    path.unlink(missing_ok=True)
            except FileNotFoundError:
                continue  # renamed this moment: its write was whole

    def check(self) -> str:
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Unavailable(f"The blob folder {self._root} cannot be used ({error.strerror}).") from error
        if not os.access(self._root, os.W_OK):
            raise Unavailable(f"The blob folder {self._root} is not writable.")
        return f"folder {self._root}, {shutil.disk_usage(self._root).free // 2**20} MiB free"

    def _open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise NotFound("The original file is not stored any more.", code="ORIGINAL_GONE") from None

    def _path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise ValueError(f"blob key outside the store: {key!r}")
        return path


def _advice(error: OSError) -> str:
    return "make room" if error.errno in _FULL else "look at the permissions and the disk of the blob folder"


def _blocks(file: BinaryIO, length: int | None) -> Iterator[bytes]:
    with file:
        while block := file.read(_COPY_BYTES if length is None else min(_COPY_BYTES, length)):
            length = None if length is None else length - len(block)
            yield block
