"""The files of a ZIP upload: within budgets, under safe names, one in memory at a time."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import DocumentError
from ingest.limits import check_archive

_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    name: str
    data: bytes


def iter_archive(data: bytes) -> Iterator[ArchiveMember]:
    """Members in order, without folders, hidden files and links; archives inside are not opened.

    Raises `DocumentError` for broken, encrypted and exploding archives.
    """
    check_archive(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or _skipped(entry):
                continue
            if entry.flag_bits & 0x1:
                raise DocumentError("The archive is encrypted: pack it without a password.", code="ARCHIVE_ENCRYPTED")
            yield ArchiveMember(entry.filename, _content(archive, entry))


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
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError):
        raise DocumentError(f"“{entry.filename[:100]}” in the archive is damaged.", code="ARCHIVE_BROKEN") from None
    if len(content) > entry.file_size:
        raise DocumentError("The archive lies about its sizes and is refused.", code="ARCHIVE_TOO_LARGE")
    return content
