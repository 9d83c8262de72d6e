"""The files of a ZIP upload: within budgets, under safe names, one in memory at a time."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from core.errors import DocumentError
from ingest.limits import DAMAGED, check_archive

_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """`read` unpacks it, and raises `DocumentError` where it is damaged; `size` in bytes is what the archive claims."""

    name: str
    size: int
    read: Callable[[], bytes]


def iter_archive(source: BinaryIO) -> Iterator[ArchiveMember]:
    """Members in order, without folders, hidden files and links; archives inside are not opened.

    Raises `DocumentError` for broken, encrypted and exploding archives.
    """
    check_archive(source)
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or _skipped(entry):
                continue
            yield ArchiveMember(entry.filename, entry.file_size, partial(_content, archive, entry))


def _skipped(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    hidden = any(part.startswith(".") and part not in (".", "..") for part in name.split("/"))
    return is_link or hidden or any(junk in name for junk in _JUNK)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The declared size is a claim: reading stops one byte after it."""
    try:
        with archive.open(entry) as file:
            content = file.read(entry.file_size + 1)
    except DAMAGED:
        raise DocumentError(f"“{entry.filename[:100]}” in the archive is damaged.", code="ARCHIVE_BROKEN") from None
    if len(content) > entry.file_size:
        raise DocumentError("The archive lies about its sizes and is refused.", code="ARCHIVE_TOO_LARGE")
    return content
