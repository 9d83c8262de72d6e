"""The file: a tar with every table as JSON Lines, every original, and at its end a manifest with a hash of each.

It is written under another name and renamed once it is whole, so that a file with the final name is a backup. It can
hold the installation's secret key: keep it as safe as the data folder.
"""

import errno
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO

from core.errors import InvalidInput, Unavailable

FORMAT = 1
MANIFEST, TABLES, BLOBS, SECRET = "manifest.json", "tables/", "blobs/", "secret.key"
_COPY = 1 << 20


@dataclass
class Manifest:
    """What a backup holds. `secret` is a fingerprint, by which the right key is told from a wrong one."""

    format: int
    product: str
    revision: str
    secret: str
    made_at: str
    tables: dict[str, int] = field(default_factory=dict)  # rows
    hashes: dict[str, str] = field(default_factory=dict)  # SHA-256 by member
    missing: list[str] = field(default_factory=list)  # originals that were removed while it was made


class Writer:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar, self.hashes = tar, dict[str, str]()

    def lines(self, name: str, rows: Iterable[dict[str, Any]]) -> int:
        """One row a line, through a temporary file: a tar wants the size first. How many."""
        count = 0
        with tempfile.TemporaryFile() as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n")
                count += 1
            self.file(f"{TABLES}{name}.jsonl", file)
        return count

    def file(self, name: str, source: IO[bytes]) -> None:
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        hashed = _Hashing(source)
        self._tar.addfile(entry, hashed)
        self.hashes[name] = hashed.digest

    def manifest(self, manifest: Manifest) -> None:
        manifest.hashes = self.hashes
        self.file(MANIFEST, io.BytesIO(json.dumps(asdict(manifest), indent=1).encode()))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A backup at `path`, whole or not there. Raises `Unavailable` when the disk is full."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "make room" if full else "look at the folder and its permissions"
        raise Unavailable(
            f"The backup could not be written ({error.strerror}). Nothing is left of it; {advice} and try again.",
            code="STORAGE_FULL" if full else "BACKUP_NOT_WRITTEN",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def checked(path: Path) -> Manifest:
    """Read all of the file once and compare every hash. Raises `InvalidInput` for anything but a whole backup."""
    hashes: dict[str, str] = {}
    raw = b""
    try:
        with tarfile.open(path, "r:") as tar:
            for entry in tar:
                source = tar.extractfile(entry)
                if source is None:
                    raise _damaged(path, f"{entry.name} is no file")
                if entry.name == MANIFEST:
                    raw = source.read(entry.size)
                else:
                    hashes[entry.name] = _sha256(source)
        manifest = Manifest(**json.loads(raw))
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}.", code="NO_SUCH_FILE") from None
    except PermissionError:
        raise InvalidInput(f"{path} may not be read: look at its permissions.", code="BACKUP_UNREADABLE") from None
    except (tarfile.TarError, OSError, ValueError, TypeError) as error:
        raise _damaged(path, type(error).__name__) from error
    if manifest.format > FORMAT:
        raise InvalidInput(
            f"{path} was made by a newer version ({manifest.product}): restore it with that one.", code="BACKUP_NEWER"
        )
    if hashes != manifest.hashes:
        wrong = sorted(n for n in {*hashes, *manifest.hashes} if hashes.get(n) != manifest.hashes.get(n))
        raise _damaged(path, f"{wrong[0]} is not what was written")
    return manifest


def members(path: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Name and content of each, in the order of the file."""
    with tarfile.open(path, "r:") as tar:
        for entry in tar:
            source = tar.extractfile(entry)
            if source is not None:
                yield entry.name, source  # type: ignore[misc]  # typeshed: IO[bytes]


class _Hashing:
    """A file that hashes what is read from it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _sha256(source: IO[bytes]) -> str:
    found = hashlib.sha256()
    while data := source.read(_COPY):
        found.update(data)
    return found.hexdigest()


def _damaged(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{path} is not a whole backup ({why}). Nothing was changed; take another one.",
                        code="BACKUP_DAMAGED")  # fmt: skip
