"""Budgets for hostile input: archives that unpack to more than they should."""

import io
import re
import struct
import zipfile
import zlib
from typing import BinaryIO

from core.errors import DocumentError

MAX_ENTRIES = 10_000
MAX_TOTAL_BYTES = 2 * 2**30
MAX_ENTRY_BYTES = 512 * 2**20
MAX_RATIO = 200  # unpacked over packed; XML of office files reaches about 50
OCR_DOCUMENT_S = 120.0  # well below the time that a parser has, which would fail the document with all its text
RATIO_FREE_BYTES = 32 * 2**20  # below that a high ratio hurts nobody
TOTAL_RATIO_FREE_BYTES = 4 * RATIO_FREE_BYTES  # for all entries together: many small ones, or ones that share bytes
_END_BYTES = 22 + 65_535  # that record and its comment
_BLOCK_BYTES = 1 << 20
_XML_SUFFIXES = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")
_HEAD_BYTES = 4_096
_ENTITIES = re.compile(rb"^[^<]*(?:<\?[^>]*>\s*)?(?:<!--.*?-->\s*)*<!DOCTYPE[^\[>]*\[.*?<!ENTITY", re.S)
# What zipfile meets damaged, cut, oddly packed and lying archives with, on opening and on reading.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, NotImplementedError, OSError, RuntimeError,
    ValueError,
)  # fmt: skip
_END = struct.Struct("<4s4H2LH")  # end of central directory record (APPNOTE.TXT 4.3.16)


def check_archive(data: bytes | BinaryIO) -> None:
    """Raise `DocumentError` for broken, encrypted or exploding ZIP archives, before anything is unpacked."""
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    size = source.seek(0, io.SEEK_END)
    _check_directory(source, size)
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
    except DAMAGED:
        raise DocumentError("The archive is damaged: pack or save it again.", code="ARCHIVE_BROKEN") from None
    if len(entries) > MAX_ENTRIES:
        raise _too_many()
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise DocumentError(
            "The file is protected by a password: save or pack it without one.", code="ARCHIVE_ENCRYPTED"
        )
    total = sum(entry.file_size for entry in entries)
    if total > MAX_TOTAL_BYTES or any(entry.file_size > MAX_ENTRY_BYTES for entry in entries):
        raise _too_large(f"it unpacks to {total / 2**20:,.0f} MiB")
    if total > TOTAL_RATIO_FREE_BYTES and total > MAX_RATIO * size:
        raise _too_large("it unpacks to far more than it is packed (a “ZIP bomb”)")
    for entry in entries:
        if entry.file_size > RATIO_FREE_BYTES and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise _too_large("an entry unpacks to far more than it is packed (a “ZIP bomb”)")


def too_deep() -> DocumentError:
    """For what is nested so deep that no program made it for people."""
    message = "The parts of this file are nested too deep to be read. Save it as plain text or PDF and upload that."
    return DocumentError(message, code="NESTED_TOO_DEEP")


def check_package(data: bytes) -> None:
    """`check_archive` for a document made of XML parts: none of them needs entities, which bombs and spies do."""
    check_archive(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith(_XML_SUFFIXES):
                refuse_entities(read_member(archive, name, _HEAD_BYTES))


def refuse_entities(head: bytes) -> None:
    """Raise `DocumentError` where the beginning of XML declares entities; they are never resolved either."""
    if _ENTITIES.search(head.replace(b"\x00", b"")):
        raise DocumentError(
            "The file declares XML entities, by which documents fetch other files or fill the memory, and is refused. "
            "Open it in the program it is meant for, save it again and upload that.",
            code="XML_ENTITIES",
        )


def read_member(archive: zipfile.ZipFile, name: str, size: int = -1) -> bytes:
    """The first `size` bytes of a member, or all; empty for one that is missing or damaged."""
    try:
        with archive.open(name) as member:
            return member.read(size)
    except DAMAGED:
        return b""


def _check_directory(source: BinaryIO, size: int) -> None:
    """Entries are counted in the raw directory: `zipfile` makes an object of each, millions of them fill the memory."""
    start = source.seek(max(0, size - _END_BYTES))
    tail = source.read()
    end = tail.rfind(b"PK\x05\x06")
    if not 0 <= end <= len(tail) - _END.size:
        return
    source.seek(max(0, start + end - _END.unpack_from(tail, end)[5]))
    left, found = start + end - source.tell(), 0
    while left > 0 and (block := source.read(min(left, _BLOCK_BYTES))):
        found, left = found + block.count(b"PK\x01\x02"), left - len(block)
        if found > MAX_ENTRIES:
            raise _too_many()


def _too_many() -> DocumentError:
    return _too_large(f"it has more than {MAX_ENTRIES:,} entries")


def _too_large(why: str) -> DocumentError:
    return DocumentError(f"The archive is refused: {why}. Split it into smaller ones.", code="ARCHIVE_TOO_LARGE")
