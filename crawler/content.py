"""What an answer holds: a page, a file with text, a list of URLs, or nothing for us."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from core.visible import one_line
from crawler.fetch import Answer
from crawler.page import decoded_as
from crawler.sitemaps import is_feed_type, looks_like_sitemap

HEAD = 1_024
MAX_NAME = 150
HTML = ".html"
SUFFIXES = {
    "text/html": HTML,
    "application/xhtml+xml": HTML,
    "application/pdf": ".pdf",
    "application/x-pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/epub+zip": ".epub",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "message/rfc822": ".eml",
    "application/vnd.ms-outlook": ".msg",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "text/x-rst": ".rst",
}
# what servers say of files whose type they do not know
VAGUE = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/download", "text/plain"})
KNOWN = frozenset(SUFFIXES.values()) | {".htm", ".xhtml", ".markdown", ".ndjson", ".org"}
_HTML = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_MAGIC = ((b"%PDF-", ".pdf"), (b"{\\rtf", ".rtf"))
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")


class Kind(StrEnum):
    PAGE = "PAGE"
    FILE = "FILE"
    LIST = "LIST"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Recognised:
    kind: Kind
    file_name: str = ""


def recognised(answer: Answer) -> Recognised:
    """By content first where that is certain, then by the server's word, then by the name."""
    head, said = answer.body[:HEAD], answer.content_type
    if looks_like_sitemap(head) or is_feed_type(said):
        return Recognised(Kind.LIST)
    suffix = _suffix(answer, head)
    if suffix is None:
        return Recognised(Kind.OTHER)
    kind = Kind.PAGE if suffix == HTML else Kind.FILE
    return Recognised(kind, file_name(answer.url, suffix))


def _suffix(answer: Answer, head: bytes) -> str | None:
    for magic, suffix in _MAGIC:
        if head.startswith(magic):
            return suffix
    said, named = answer.content_type, PurePosixPath(urlsplit(answer.url).path.lower()).suffix
    if said in VAGUE:
        if _HTML.match(head) and named != ".txt":
            return HTML
        if named in KNOWN:
            return HTML if named in (".htm", ".xhtml") else named
    return SUFFIXES.get(said)


def file_name(url: str, suffix: str) -> str:
    """The last part of the path, with the suffix that fits the content."""
    last = one_line(_UNSAFE.sub("_", unquote(PurePosixPath(urlsplit(url).path).name))).strip(" .") or "index"
    stem = last[: -len(suffix)] if last.lower().endswith(suffix) else last
    return f"{stem[:MAX_NAME] or 'index'}{suffix}"


def readable(body: bytes, charset: str | None) -> bytes:
    """A page's bytes such that a parser, which does not know the server's header, reads them right.

    UTF-8 is taken for what it is whatever is said of it; else the header's charset wins over the page's own word
    (WHATWG encoding sniffing); a byte order mark settles it for good.
    """
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or body.isascii():
        return body
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return _recoded(body, charset)
    return b"\xef\xbb\xbf" + body


def _recoded(body: bytes, charset: str | None) -> bytes:
    if charset is None or charset.lower().replace("_", "-") in ("utf-8", "utf8"):
        return body
    text = decoded_as(body, charset, is_header=True)
    return body if text is None else text.encode("utf-8-sig", errors="replace")
