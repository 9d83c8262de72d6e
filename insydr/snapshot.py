"""Files as they were at one moment: what is uploaded must not change under way."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from core.errors import InvalidInput

TRIES = 3
MEMORY_BYTES = 1 << 20


@contextmanager
def snapshot(path: Path) -> Iterator[BinaryIO]:
    """A copy of the file; raises `InvalidInput` where it cannot be read, or is written to all the time."""
    with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES) as copy:
        for _ in range(TRIES):
            copy.seek(0)
            copy.truncate()
            if _copied(path, copy):
                copy.seek(0)
                yield copy  # type: ignore[misc]  # is a BinaryIO
                return
    raise InvalidInput("The file is being written to: ingest it again when that has ended.", code="FILE_CHANGING")


def _copied(path: Path, copy: IO[bytes]) -> bool:
    """Whether the file stayed the same meanwhile."""
    try:
        with path.open("rb") as file:
            before = _state(file)
            shutil.copyfileobj(file, copy)
            return _state(file) == before
    except OSError as error:
        raise InvalidInput(f"The file cannot be read ({error.strerror}).", code="FILE_UNREADABLE") from None


def _state(file: IO[bytes]) -> tuple[int, int]:
    now = os.fstat(file.fileno())
    return now.st_size, now.st_mtime_ns
