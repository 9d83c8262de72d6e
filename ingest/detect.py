"""Type by content: magic numbers, members of archives, shape of text; the name decides only between kinds of text."""

import io
import json
import re
import zipfile
from enum import StrEnum
from pathlib import PurePosixPath

from core.errors import DocumentError
from ingest.encoding import decode


class Format(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    ODT = "odt"
    EPUB = "epub"
    RTF = "rtf"
    EML = "eml"
    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    MSG = "msg"
    XLS = "xls"
    ORG = "org"
    RST = "rst"
    TEXT = "text"


SUPPORTED = (
    "PDF, DOCX, PPTX, XLSX, XLS, ODT, RTF, EPUB, EML, MSG, HTML, Markdown, reStructuredText, Org, CSV, JSON, "
    "JSON Lines and plain text"
)
HEAD_BYTES = 64 * 1024
_OFFICE = {"word/": Format.DOCX, "ppt/": Format.PPTX, "xl/": Format.XLSX}
_MIMETYPES = {
    b"application/epub+zip": Format.EPUB,
    b"application/vnd.oasis.opendocument.text": Format.ODT,
    b"application/vnd.oasis.opendocument.text-template": Format.ODT,
}
_BINARY = (
    b"MZ", b"\x7fELF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"Rar!",
    b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"ID3", b"OggS", b"fLaC", b"SQLite format 3", b"\x00\x00\x01\x00",
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BY_SUFFIX = {
    ".md": Format.MARKDOWN, ".markdown": Format.MARKDOWN, ".mdx": Format.MARKDOWN, ".csv": Format.CSV,
    ".tsv": Format.CSV, ".json": Format.JSON, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".html": Format.HTML,
    ".htm": Format.HTML, ".xhtml": Format.HTML, ".eml": Format.EML, ".rst": Format.RST, ".org": Format.ORG,
}  # fmt: skip
_HTML = re.compile(
    r"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body|article|div|p|h1|table)\b",
    re.I | re.S,
)
_PAGE = re.compile(r"^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)\b", re.I)
_HEADER = re.compile(
    r"^(?:from|to|subject|date|received|message-id|mime-version|return-path|delivered-to):", re.I | re.M
)


def detect(data: bytes, name: str) -> Format:
    """The format of `data`; raises `DocumentError` for empty, binary and unsupported input."""
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise DocumentError("The file is empty.", code="EMPTY_DOCUMENT")
    head = data[:HEAD_BYTES]
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if head.startswith(b"{\\rtf"):
        return Format.RTF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(data)
    if head.startswith(_OLE):
        return _compound(data)
    if head.startswith(_BINARY) or head[4:8] == b"ftyp" or head.startswith(b"RIFF"):
        raise _unsupported("This is a program, image, archive, sound or video")
    return _text(data, name)


def _archive(data: bytes) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype").strip() if "mimetype" in names else b""
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, NotImplementedError, EOFError):
        raise DocumentError("The file is damaged: save or pack it again.", code="ARCHIVE_BROKEN") from None
    if kind in _MIMETYPES:
        return _MIMETYPES[kind]
    if "[Content_Types].xml" in names:
        for folder, found in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return found
    raise _unsupported("A ZIP of files goes through the batch upload; this archive is no document")


def _text(data: bytes, name: str) -> Format:
    head = decode(_whole_lines(data), None)
    suffix = PurePosixPath(name.lower()).suffix
    markdown = _BY_SUFFIX.get(suffix) is Format.MARKDOWN  # which may begin with a tag: many a README does
    if _HTML.match(head) and not (markdown and not _PAGE.match(head)):
        return Format.HTML
    if suffix in (".json", ".jsonl", ".ndjson") or head.lstrip()[:1] in ("{", "["):
        found = _json(data, head)
        if found is not None:
            return found
    if suffix == ".eml" or (len(_HEADER.findall(head[:4_000])) >= 3 and _HEADER.match(head.lstrip())):
        return Format.EML
    wanted = _BY_SUFFIX.get(suffix)
    return wanted if wanted not in (None, Format.JSON, Format.JSONL) else Format.TEXT


def _json(data: bytes, head: str) -> Format | None:
    """JSON Lines when the first lines are values of their own, JSON when the whole is one."""
    lines = [line for line in head.split("\n", 5)[:5] if line.strip()]
    if len(lines) > 1 and all(_parses(line) for line in lines[: max(1, len(lines) - 1)]):
        return Format.JSONL
    return Format.JSON if _parses(decode(data)) else None


def _parses(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _whole_lines(data: bytes) -> bytes:
    """A head that does not end inside a character."""
    if len(data) <= HEAD_BYTES:
        return data
    cut = data.rfind(b"\n", 0, HEAD_BYTES)
    return data[: cut if cut > 0 else HEAD_BYTES - HEAD_BYTES % 4]


def _compound(data: bytes) -> Format:
    """OLE compound files by the names in their directory, which are UTF-16 (MS-CFB §2.6.1)."""
    if _entry("EncryptedPackage") in data:
        raise _unsupported("This office file is protected by a password: save it without one")
    if _entry("__properties_version1.0") in data:
        return Format.MSG
    if _entry("WordDocument") in data or _entry("PowerPoint Document") in data:
        raise _unsupported("This is an old Office file: save it in today's format (.docx, .pptx)")
    if _entry("Workbook") in data or _entry("Book") in data:
        return Format.XLS
    raise _unsupported("This is an old Office file of an unknown kind: save it in today's format")


def _entry(name: str) -> bytes:
    return f"{name}\0".encode("utf-16-le")


def _unsupported(why: str) -> DocumentError:
    return DocumentError(f"{why}. Supported are {SUPPORTED}.", code="UNSUPPORTED_TYPE")
