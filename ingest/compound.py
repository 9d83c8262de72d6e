"""Names at the top of an OLE compound file (MS-CFB): they say what kind of document it is.

Looking for names anywhere in the bytes takes a sheet with a text document in it for a text document.
"""

import struct

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR_BYTES = {9: 512, 12: 4_096}  # by their logarithm
_ENTRY_BYTES = 128
_MAX_SECTORS = 4_096  # of a directory
_MAX_ENTRIES = 16_384
_END = 0xFFFFFFFA  # this and above: no sector


def top_names(data: bytes) -> frozenset[str]:
    """Of the streams and storages below the root; of all, where the tree is damaged."""
    try:
        entries = _entries(data)
        child = struct.unpack_from("<I", entries[0], 76)[0]
        names = _siblings(entries, child)
    except (struct.error, LookupError):
        return frozenset()
    return names or frozenset(map(_name, entries))


def _entries(data: bytes) -> list[bytes]:
    size = _SECTOR_BYTES[struct.unpack_from("<H", data, 30)[0]]
    sector = struct.unpack_from("<I", data, 48)[0]
    table = struct.unpack_from("<109I", data, 76)
    found: list[bytes] = []
    for _ in range(_MAX_SECTORS):
        if sector >= _END:
            break
        block = data[(sector + 1) * size : (sector + 2) * size]
        found += [block[at : at + _ENTRY_BYTES] for at in range(0, len(block) - _ENTRY_BYTES + 1, _ENTRY_BYTES)]
        page, place = divmod(sector, size // 4)
        sector = struct.unpack_from("<I", data, (table[page] + 1) * size + place * 4)[0]
    return found


def _siblings(entries: list[bytes], first: int) -> frozenset[str]:
    """All entries of the tree of siblings around `first`."""
    found: set[str] = set()
    waiting, seen = [first], set[int]()
    while waiting and len(seen) < _MAX_ENTRIES:
        number = waiting.pop()
        if number in seen or number >= len(entries):
            continue
        seen.add(number)
        found.add(_name(entries[number]))
        waiting += struct.unpack_from("<2I", entries[number], 68)
    return frozenset(found)


def _name(entry: bytes) -> str:
    length = struct.unpack_from("<H", entry, 64)[0]
    return entry[: max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
