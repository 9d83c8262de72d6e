"""Blob storage: original files, by keys that we make."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol


class BlobStore(Protocol):
    """Implemented by a local folder and by S3-compatible storage. Keys are `workspace/id`, never a user's name."""

    def put(self, key: str, source: BinaryIO) -> int:
        """Store durably and whole or not at all; bytes written. Raises `Unavailable` when storage is full or down."""
        ...

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """The blob or a slice of it; raises `NotFound`."""
        ...

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The same in blocks, for what is too large to hold; raises `NotFound` before the first block."""
        ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A readable local file with the content, for as long as the block lasts; raises `NotFound`."""
        ...

    def delete(self, key: str) -> None:
        """Remove; absent is fine."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with `prefix` (for the reconciler)."""
        ...

    def tidy(self, older_than_s: float) -> None:
        """Remove what interrupted writes left (for the reconciler)."""
        ...

    def check(self) -> str:
        """A line for `doctor`; raises `Unavailable`."""
        ...
