"""Budgets for hostile input: archives that unpack to more than they should."""

import io
import zipfile

from core.errors import DocumentError

MAX_ENTRIES = 10_000
MAX_TOTAL_BYTES = 2 * 2**30
MAX_ENTRY_BYTES = 512 * 2**20
MAX_RATIO = 200  # unpacked over packed; XML of office files reaches about 50
RATIO_FREE_BYTES = 32 * 2**20  # below that a high ratio hurts nobody


def check_archive(data: bytes) -> None:
    """Raise `DocumentError` for broken, encrypted or exploding ZIP archives, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise DocumentError("The archive is damaged: pack or save it again.", code="ARCHIVE_BROKEN") from None
    if len(entries) > MAX_ENTRIES:
        raise _too_large(f"it has {len(entries):,} entries, {MAX_ENTRIES:,} are allowed")
    total = sum(entry.file_size for entry in entries)
    if total > MAX_TOTAL_BYTES or any(entry.file_size > MAX_ENTRY_BYTES for entry in entries):
        raise _too_large(f"it unpacks to {total / 2**20:,.0f} MiB")
    for entry in entries:
        if entry.file_size > RATIO_FREE_BYTES and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise _too_large("an entry unpacks to far more than it is packed (a “ZIP bomb”)")


def _too_large(why: str) -> DocumentError:
    return DocumentError(f"The archive is refused: {why}. Split it into smaller ones.", code="ARCHIVE_TOO_LARGE")
