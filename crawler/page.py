"""A page as a crawler sees it: where it leads, what it asks of robots, and its text for comparing."""

import codecs
import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lxml import etree

from core.charsets import codec_of
from core.clock import utc_now
from crawler.sitemaps import is_feed_type, moment
from crawler.urls import UrlError, normal_form

MAX_LINKS = 20_000
MAX_TRIED = 3 * MAX_LINKS  # hrefs, good ones and bad
MAX_TITLE = 1_000  # characters
MAX_REFRESH_S = 10
_MAX_VALUE = 8_192  # characters of a header or meta content
_META_BYTES = 4_096  # WHATWG §13.2.3.2 looks at 1,024; pages with long comments need more
_MAX_METAS = 500
_MIN_SHARE = 5  # of the words, one in so many must be outside of forms
_HIDDEN = ("script", "style", "template", "noscript", "nav", "footer", "head", "svg")
_AROUND = ("header", "aside")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,500}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{2,40})", re.I)
_REFRESH = re.compile(r" ?([0-9]{1,6})(?:\.[0-9.]*)? ?[;, ] ?(?:url ?= ?)?([\"']?)(.*)", re.I)
_WEEKDAY = re.compile(r"\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},", re.I)
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.I)


@dataclass(frozen=True, slots=True)
class Directives:
    """What a page or its server asks of crawlers: not to keep it, not to follow its links."""

    noindex: bool = False
    nofollow: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """URLs are in normal form and distinct, in the order of the document."""

    title: str | None
    links: tuple[str, ...]
    feeds: tuple[str, ...]
    canonical: str | None
    directives: Directives
    refresh: str | None
    text: str  # what a reader came for, white space folded
    seen: str  # the same with headers and asides, which may hold titles and footnotes: a change of them is a change
    scripts: int
    language: str | None


def read_page(body: bytes, url: str, charset: str | None = None, product: str = "insydrbot") -> Page:
    """`url` is the page's own; `charset` the Content-Type's. Never raises: what is broken is read as far as it goes."""
    root = _root(_decoded(body, charset))
    if root is None:
        return Page(None, (), (), None, Directives(), None, "", "", 0, None)
    base = _base(root, url)
    links = list(root.iter("link"))
    title, scripts, refresh = _title(root), sum(1 for _ in root.iter("script")), _refresh(root, base)
    said, leads = _robots_metas(root, product), _addresses(_hrefs(root), base)
    feeds = _addresses((_href(one) for one in links if _is_feed(one)), base)
    canonical = _addresses((_href(one) for one in links if "canonical" in _rel(one)), base)
    seen, text = _texts(root)  # the last: it empties what it leaves out
    return Page(
        title=title,
        links=leads,
        feeds=feeds,
        canonical=next(iter(canonical), None),
        directives=directives(said, product),
        refresh=refresh,
        scripts=scripts,
        language=(root.get("lang") or root.get("xml:lang") or "").strip()[:35] or None,
        text=text,
        seen=seen,
    )


def directives(values: Sequence[str], product: str) -> Directives:
    """Of the values of X-Robots-Tag or of meta elements. “name: …” is for the crawler of that name alone."""
    said: set[str] = set()
    for value in values:
        said.update(_words(value[:_MAX_VALUE], product.lower()))
    return Directives(bool(said & {"noindex", "none"}), bool(said & {"nofollow", "none"}))


def link_header(value: str, url: str) -> str | None:
    """The canonical address of an HTTP Link header (RFC 8288, RFC 6596); None when there is no usable one."""
    for target, parameters in _LINK.findall(value[:_MAX_VALUE]):
        rel = _REL.search(parameters)
        if rel is not None and "canonical" in (rel[1] or rel[2] or "").lower().split():
            return next(iter(_addresses([target], url)), None)
    return None


def _words(value: str, product: str) -> Iterator[str]:
    is_ours = True
    for piece in _WEEKDAY.sub("", value).split(","):  # “Wed, 25 Jun 2025” has a comma of its own
        name, colon, rest = piece.strip().lower().partition(":")
        if colon and name.strip() not in _WITH_VALUE:
            is_ours = name.strip() == product
            name, colon, rest = rest.strip().partition(":")
        if is_ours and name.strip() == "unavailable_after" and _is_past(rest):
            yield "noindex"
        elif is_ours and not colon:
            yield name.strip()


def _is_past(text: str) -> bool:
    # dates are compared without the case of “T”, “Z” and months; RFC 850 has hyphens in them
    when = moment(text.upper()) or moment(text.replace("-", " ", 2))
    return when is not None and when < utc_now()


def _decoded(body: bytes, charset: str | None) -> str:
    """A byte order mark says more than the header, that more than the page, and all more than a guess (WHATWG)."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, errors="replace")
    declared = _META_CHARSET.search(body[:_META_BYTES])
    for label in (charset, declared[1].decode("ascii", errors="replace") if declared else None):
        text = decoded_as(body, label, is_header=label is charset) if label else None
        if text is not None:
            return text
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("windows-1252", errors="replace")


def decoded_as(body: bytes, label: str, *, is_header: bool) -> str | None:
    """None when the label names no charset."""
    name = codec_of(label)
    if name is None:
        return None
    if name.startswith("utf-16") and not is_header:
        name = "utf-8"  # who could read the declaration did not read UTF-16
    return body.decode(name, errors="replace")


def _root(text: str) -> etree._Element | None:
    # in UTF-8 by our word, whatever the page or an XML declaration says of itself
    parser = etree.HTMLParser(
        encoding="utf-8", recover=True, huge_tree=True, remove_comments=True, remove_pis=True, collect_ids=False
    )
    try:
        return etree.fromstring(text.replace("\x00", "").encode("utf-8", errors="replace"), parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def _base(root: etree._Element, url: str) -> str:
    """The first base's address (WHATWG §4.2.3)."""
    for one in root.iter("base"):
        if one.get("href"):
            return next(iter(_addresses([_href(one)], url)), url)
    return url


def _title(root: etree._Element) -> str | None:
    for one in root.iter("title"):
        parent = one.getparent()
        if parent is None or parent.tag != "svg":  # a picture's title is not the page's
            return _folded(one)[:MAX_TITLE].rstrip() or None
    return None


def _hrefs(root: etree._Element) -> Iterator[str]:
    for one in root.iter("a", "area", "iframe", "frame", "link"):
        rel = _rel(one)
        if one.tag == "link" and not rel & {"next", "prev"}:
            continue
        if "nofollow" not in rel:
            yield one.get("src") or "" if one.tag in ("iframe", "frame") else _href(one)


def _addresses(hrefs: Iterable[str], base: str) -> tuple[str, ...]:
    """Normal forms; what is empty, of this very page, or no web address is left out."""
    found: dict[str, None] = {}
    tried: set[str] = set()
    for href in hrefs:
        text = href.strip()
        if not text or text.startswith("#") or text in tried:
            continue
        tried.add(text)
        with suppress(UrlError):
            found[normal_form(text, base)] = None
        if len(found) >= MAX_LINKS or len(tried) >= MAX_TRIED:
            break
    return tuple(found)


def _href(one: etree._Element) -> str:
    return one.get("href") or ""


def _rel(one: etree._Element) -> set[str]:
    return set((one.get("rel") or "").lower().split())


def _is_feed(one: etree._Element) -> bool:
    return "alternate" in _rel(one) and is_feed_type(one.get("type") or "")


def _metas(root: etree._Element, attribute: str) -> Iterator[tuple[str, etree._Element]]:
    for count, one in enumerate(root.iter("meta")):
        if count >= _MAX_METAS:
            return
        yield (one.get(attribute) or "").strip().lower(), one


def _robots_metas(root: etree._Element, product: str) -> list[str]:
    wanted = ("robots", product.lower())
    return [one.get("content") or "" for name, one in _metas(root, "name") if name in wanted]


def _refresh(root: etree._Element, base: str) -> str | None:
    """A redirect by meta element (WHATWG §4.2.5.3). In noscript it is for readers without scripts, not for us."""
    for name, one in _metas(root, "http-equiv"):
        if name != "refresh" or next(one.iterancestors("noscript"), None) is not None:
            continue
        match = _REFRESH.fullmatch(" ".join((one.get("content") or "")[:_MAX_VALUE].split()))
        if match is not None and int(match[1]) <= MAX_REFRESH_S:
            target = match[3].partition(match[2])[0] if match[2] else match[3]
            return next(iter(_addresses([target], base)), None)
    return None


def _texts(root: etree._Element) -> tuple[str, str]:
    """What is seen, and the main text of it. Empties the parts that are on every page; a form around all of a page,
    as of ASP.NET, is no such part."""
    _empty(root, *_HIDDEN)
    found = root.find(".//body")
    body = root if found is None else found
    whole = _folded(body)
    seen = whole
    if next(body.iter("form"), None) is not None:
        copied = copy.deepcopy(body)
        _empty(copied, "form")
        rest = _folded(copied)
        if rest.count(" ") * _MIN_SHARE >= whole.count(" "):
            body, seen = copied, rest
    _empty(body, *_AROUND)
    return seen, _folded(body)


def _empty(root: etree._Element, *tags: str) -> None:
    for one in list(root.iter(*tags)):
        tail = one.tail
        one.clear()
        one.tail = tail


def _folded(element: etree._Element) -> str:
    """Blanks between elements, too: cells and items often have none of their own."""
    return " ".join(" ".join(map(str, element.itertext())).split())
