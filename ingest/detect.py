"""Type by content: magic numbers, members of archives, shape of text; the name decides only between kinds of text."""

import io
import json
import re
import zipfile
from enum import StrEnum
from pathlib import PurePosixPath

from core.errors import DocumentError
from ingest.compound import is_compound, top_names
from ingest.encoding import decode
from ingest.limits import DAMAGED, check_archive, too_deep


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
_MAX_MIMETYPE_BYTES = 200
_OFFICE = {"word/": Format.DOCX, "ppt/": Format.PPTX, "xl/": Format.XLSX}
_MIMETYPES = {
    b"application/epub+zip": Format.EPUB,
    b"application/vnd.oasis.opendocument.text": Format.ODT,
    b"application/vnd.oasis.opendocument.text-template": Format.ODT,
}
# Programs, images, archives, sound, video. Magic that is also plain text ("MZ", "ID3", "BM") counts only with the bytes
# that no text has behind it: a note may begin with "ID3 tags", a part list with "MZ-7715".
_BINARY = re.compile(
    rb"MZ(?=[^\x00]{0,62}\x00)|\x7fELF|\x89PNG|\xff\xd8\xff|GIF8[79]a|BM.{4}\x00{4}|II\*\x00|MM\x00\*"
    rb"|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe|\x00asm|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b|\xfd7zXZ\x00"
    rb"|BZh[1-9](?:1AY&SY|\x17rE8P\x90)|\x28\xb5\x2f\xfd|ID3[\x02-\x04][^\xff]|OggS\x00|fLaC[\x00\x80]"
    rb"|SQLite format 3\x00|\x00\x00\x01\x00|RIFF.{4}(?:WAVE|AVI |WEBP|ACON|RMID|sfbk)|\x00.{3}ftyp|%!PS-Adobe-",
    re.S,
)
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
    if _is_pdf(data):
        return Format.PDF
    if head.startswith(b"{\\rtf"):
        return Format.RTF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(data)
    if is_compound(head):
        return _compound(data)
    if _BINARY.match(head):
        raise _unsupported("Whatever its name says, this is a program, image, archive, sound or video")
    return _text(data, name)


def _is_pdf(data: bytes) -> bool:
    """Viewers accept up to 1,024 bytes before the header; a text that only speaks of "%PDF-" has no objects."""
    at = data.find(b"%PDF-", 0, 1024)
    return at >= 0 and (not data[:at].strip(b" \t\r\n\x00\xef\xbb\xbf") or b" obj" in data)


def _archive(data: bytes) -> Format:
    check_archive(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            kind = b""
            if "mimetype" in names:
                with archive.open("mimetype") as member:
                    kind = member.read(_MAX_MIMETYPE_BYTES).strip()
    except DAMAGED:
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
    except RecursionError:
        raise too_deep() from None
    except ValueError:
        return False


def _whole_lines(data: bytes) -> bytes:
    """A head that does not end inside a character."""
    if len(data) <= HEAD_BYTES:
        return data
    cut = data.rfind(b"\n", 0, HEAD_BYTES)
    return data[: cut if cut > 0 else HEAD_BYTES - HEAD_BYTES % 4]


def _compound(data: bytes) -> Format:
    """OLE compound files by the names at their top; by names anywhere where that is damaged."""
    names = top_names(data)

    def has(name: str) -> bool:
        return name in names if names else f"{name}\0".encode("utf-16-le") in data

    if has("EncryptedPackage"):
        message = "This office file is protected by a password or by rights management: save a copy without it."
        raise DocumentError(message, code="OFFICE_ENCRYPTED")
    if has("__properties_version1.0"):
        return Format.MSG
    if has("WordDocument") or has("PowerPoint Document"):
        raise _unsupported("This is an old Office file: save it in today's format (.docx, .pptx)")
    if has("Workbook") or has("Book"):
        return Format.XLS
    raise _unsupported("This is an old Office file of an unknown kind: save it in today's format")


def _unsupported(why: str) -> DocumentError:
    return DocumentError(f"{why}. Supported are {SUPPORTED}.", code="UNSUPPORTED_TYPE")
