"""Names at the top of an OLE compound file (MS-CFB), by olefile: they say what kind of document it is.

Looking for names anywhere in the bytes takes a sheet with a text document in it for a text document.
"""

import io
import struct

from olefile import MAGIC, OleFileIO

_SECTOR_BYTES = {9: 512, 12: 4_096}  # by their logarithm (MS-CFB 2.2)
_IN_HEADER = 109  # sectors of the allocation table that the header names


def is_compound(data: bytes) -> bool:
    """By its signature: an old Office file, a mail of Outlook, or a document that is encrypted (MS-OFFCRYPTO 2.3)."""
    return data.startswith(MAGIC)


def top_names(data: bytes) -> frozenset[str]:
    """Of the streams and storages below the root; none where the file is damaged."""
    try:
        if not _fits(data):
            return frozenset()
        with OleFileIO(io.BytesIO(data)) as file:
            return frozenset(path[0] for path in file.listdir(storages=True))
    # olefile meets damaged files with whatever its code trips over (OSError, ValueError, RecursionError, …).
    except Exception:
        return frozenset()


def _fits(data: bytes) -> bool:
    """Whether the allocation table is as long as the file needs. olefile reads as much of it as the header claims: of
    6 KB with a table that leads to itself, 40 seconds.
    """
    size = _SECTOR_BYTES[struct.unpack_from("<H", data, 30)[0]]
    sectors = struct.unpack_from("<I", data, 44)[0]
    return bool(sectors <= _IN_HEADER + len(data) // size // (size // 4))
