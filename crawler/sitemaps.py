"""Lists of addresses: sitemaps and their indexes (sitemaps.org), RSS, Atom (RFC 4287), JSON Feed, a URL a line.

Told apart by content, for servers name any type for them; read in a stream, so that a file of a million entries
takes the memory of one. They come from strangers: bytes, entries, entities and nesting are all bounded.
"""

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from crawler.urls import UrlError, normal_form

MAX_ENTRIES = 50_000  # sitemaps.org, of one file
MAX_BYTES = 50 * 2**20  # the same, uncompressed
MAX_JSON = 10 * 2**20  # parsed in one piece
MAX_LINE = 4_096
_SLICE = 16_384
_HEAD = 1_024
_GZIP = b"\x1f\x8b"
_BLANK = b"\xef\xbb\xbf \t\r\n"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ROOTS = frozenset({"urlset", "sitemapindex", "rss", "feed", "RDF"})
_ROOT = re.compile(rb"(?:<[?!][^<]*)*<(?:[\w-]+:)?(?:urlset|sitemapindex|rss|feed|RDF)[\s>/]")
_ENTRIES = frozenset({"url", "sitemap", "item", "entry"})
_DATES = ("lastmod", "updated", "date", "pubDate", "published")
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/x-rss+xml", "text/rss+xml"}
)
_W3C = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)? ?(?:([Zz])|([+-][0-9]{2}):?([0-9]{2}))?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """`url` in normal form, `modified` in UTC; `is_index` when the URL is a sitemap itself."""

    url: str
    modified: datetime | None
    is_index: bool


def entries(blocks: Iterable[bytes], url: str) -> Iterator[Entry]:
    """At most 50,000, each URL once, resolved against `url`; those that are no addresses are left out.

    Never raises of what the bytes hold: what is malformed or too long ends the list after what was read.
    """
    seen: set[str] = set()
    for target, date, is_index in _any(_bounded(_unzipped(_sliced(blocks)))):
        try:
            form = normal_form(target, url)
        except UrlError:
            continue
        if form not in seen:
            seen.add(form)
            yield Entry(form, moment(date), is_index)
            if len(seen) >= MAX_ENTRIES:
                return


def moment(text: str) -> datetime | None:
    """A W3C datetime (“2024”, “2024-05-06T07:08Z”) or RFC 822 date in UTC; without a zone it is taken for UTC."""
    text = text.strip()
    if not text or len(text) > 64:
        return None
    match = _W3C.fullmatch(text)
    try:
        when = _w3c(match) if match else parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def is_feed_type(content_type: str) -> bool:
    """Whether a Content-Type, with or without parameters, is a feed's."""
    return content_type.partition(";")[0].strip().lower() in _FEED_TYPES


def looks_like_sitemap(head: bytes) -> bool:
    """Whether the first bytes of a file, compressed or not, reach a root element that `entries` reads."""
    if head.startswith(_GZIP):
        head = b"".join(_unzipped(iter([head[:_SLICE]])))
    return _ROOT.match(head.lstrip(_BLANK)[: 2 * _HEAD]) is not None


_Raw = tuple[str, str, bool]  # address and date as written, whether it is a sitemap's


def _any(blocks: Iterator[bytes]) -> Iterator[_Raw]:
    head = b""
    while len(head) < _HEAD and (block := next(blocks, None)) is not None:
        head = (head + block).lstrip(_BLANK)
    whole = _chained(head, blocks)
    if head.startswith((b"<", *_UTF16)):
        yield from _xml(whole)
    elif head.startswith(b"{"):
        yield from _json(whole)
    else:
        yield from _lines(whole)


def _xml(blocks: Iterator[bytes]) -> Iterator[_Raw]:
    entry: etree._Element | None = None
    is_root = True
    for event, element in _events(blocks):
        name = _name(element)
        if event == "start":
            if is_root and name not in _ROOTS:
                return
            if entry is None and name in _ENTRIES:
                entry = element
            is_root = False
        elif entry is None or element is entry:
            if element is entry:
                yield _target(element), _date(element), name == "sitemap"
                entry = None
            _free(element)


def _events(blocks: Iterator[bytes]) -> Iterator[tuple[str, etree._Element]]:
    """Start and end of elements. Entities stay unread: with them a kilobyte of text can stand for gigabytes."""
    parser = etree.XMLPullParser(
        ("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )
    is_whole = True
    for block in blocks:
        try:
            parser.feed(block)
        except (etree.LxmlError, ValueError):
            is_whole = False
        for event, element in parser.read_events():  # what came before the fault, too
            if isinstance(element, etree._Element):
                yield event, element
        if not is_whole:
            return


def _free(element: etree._Element) -> None:
    """Drop what was read. The element itself stays until the next one ends: the parser still hangs on to it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _target(entry: etree._Element) -> str:
    """A sitemap's loc, RSS's link or permanent guid, Atom's link to the entry as such (RFC 4287 §4.2.7.2)."""
    found: dict[str, str] = {}
    for child in entry:
        name, text = _name(child), (child.text or "").strip()
        if name == "link" and child.get("rel", "alternate") == "alternate":
            text = text or child.get("href", "").strip()
        elif name not in ("loc", "guid") or child.get("isPermaLink") == "false":
            continue
        if text:
            found.setdefault(name, text)
    guid = found.get("guid", "")
    return found.get("loc") or found.get("link") or (guid if guid.startswith("http") else "")


def _date(entry: etree._Element) -> str:
    dates = {_name(child): child.text or "" for child in entry}
    return next((dates[name] for name in _DATES if dates.get(name)), "")


def _name(element: etree._Element) -> str:
    """Without its namespace, for half of all files misspell it; empty for comments and the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _json(blocks: Iterator[bytes]) -> Iterator[_Raw]:
    """jsonfeed.org, version 1.1."""
    body = bytearray()
    for block in blocks:
        body += block
        if len(body) > MAX_JSON:
            return
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError):
        return
    items = feed.get("items") if "jsonfeed.org" in str(feed.get("version")) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            date = item.get("date_modified") or item.get("date_published") or ""
            yield str(item.get("url") or ""), str(date), False


def _lines(blocks: Iterator[bytes]) -> Iterator[_Raw]:
    """Full addresses only: in any other text nearly every word would be a relative one."""
    rest = b""
    for block in _chained(b"", blocks):
        *lines, rest = (rest + block).replace(b"\r", b"\n").split(b"\n")
        yield from _addresses(lines)
        rest = rest[: MAX_LINE + 1]
    yield from _addresses([rest])


def _addresses(lines: list[bytes]) -> Iterator[_Raw]:
    for line in lines:
        text = line[: MAX_LINE + 1].strip()
        if len(text) <= MAX_LINE and text[:8].lower().startswith((b"http://", b"https://")):
            yield text.decode("utf-8", errors="replace"), "", False


def _w3c(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
    zone = f"{match[8]}:{match[9]}" if match[8] else "+00:00"
    # 60 is a leap second (RFC 3339 §5.7), which datetime does not know
    clock = f"{hour or 0:02}:{minute or 0:02}:{min(second or 0, 59):02}"
    return datetime.fromisoformat(f"{year or 0:04}-{month or 1:02}-{day or 1:02}T{clock}{zone}")


def _sliced(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """In pieces small enough that the work on one of them does not matter."""
    for block in blocks:
        for at in range(0, len(block), _SLICE):
            yield block[at : at + _SLICE]


def _bounded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    left = MAX_BYTES
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def _unzipped(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """gzip (RFC 1952) of any number of members, known by its first bytes; everything else as it is."""
    head = next(blocks, b"")
    while len(head) < len(_GZIP) and (block := next(blocks, None)) is not None:
        head += block
    if not head.startswith(_GZIP):
        yield from _chained(head, blocks)
        return
    unzip = zlib.decompressobj(wbits=31)
    try:
        for block in _chained(head, blocks):
            data, is_more = block, bool(block)
            while is_more:
                if unzip.eof:
                    unzip = zlib.decompressobj(wbits=31)
                out = unzip.decompress(data, _SLICE)
                yield out
                data = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
                is_more = bool(data) or (len(out) == _SLICE and not unzip.eof)
    except zlib.error:
        return


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
