"""A page as a crawler sees it: where it leads, what it asks of robots, and its text for comparing."""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from lxml import etree, html

from core.clock import utc_now
from crawler.sitemaps import moment
from crawler.urls import UrlError, normal_form

MAX_LINKS = 20_000
MAX_TEXT = 500_000
MAX_REFRESH_S = 10.0
HEAD = 4_096
FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_HIDDEN = frozenset({"script", "style", "template", "noscript", "nav", "header", "footer", "aside", "form"})
_SPACE = re.compile(r"\s+")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_REFRESH = re.compile(r"^\s*(\d+(?:\.\d*)?)\s*[;,]?\s*(?:url\s*=)?\s*[\"']?(.*?)[\"']?\s*$", re.I | re.S)
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Directives:
    """What a page or its server asks of crawlers."""

    noindex: bool = False
    nofollow: bool = False

    def __or__(self, other: "Directives") -> "Directives":
        return Directives(self.noindex or other.noindex, self.nofollow or other.nofollow)


@dataclass(frozen=True, slots=True)
class Page:
    """URLs are in normal form and distinct, in the order of the document."""

    title: str | None
    links: tuple[str, ...]
    feeds: tuple[str, ...]
    canonical: str | None
    directives: Directives
    refresh: str | None
    text: str  # what a reader came for: without navigation, header, footer and forms
    scripts: int
    language: str | None


def read_page(body: bytes, url: str, charset: str | None = None, product: str = "insydrbot") -> Page:
    """Never raises: what is broken is read as far as it goes."""
    root = _root(_decoded(body, charset))
    if root is None:
        return Page(None, (), (), None, Directives(), None, "", 0, None)
    base = _base(root, url)
    meta = {(one.get("name") or "").strip().lower(): one.get("content") or "" for one in root.iter("meta")}
    said = directives([meta[name] for name in ("robots", product) if name in meta], product)
    title = root.find(".//title")
    return Page(
        title=_folded("".join(map(str, title.itertext())))[:500] or None if title is not None else None,
        links=tuple(_distinct(_links(root), base)),
        feeds=tuple(_distinct(_feeds(root), base)),
        canonical=next(_distinct(_rel(root, "canonical"), base), None),
        directives=said,
        refresh=_refresh(root, base),
        text=_text(root),
        scripts=sum(1 for _ in root.iter("script")),
        language=(root.get("lang") or "")[:2].lower() or None,
    )


def directives(values: Sequence[str], product: str) -> Directives:
    """Of X-Robots-Tag headers, which may name the crawler they are for, or of a meta element's content."""
    found = Directives()
    for value in values:
        rest = value.lower()
        name, colon, after = rest.partition(":")
        if colon and "," not in name and name.strip() != "unavailable_after":
            if name.strip() not in (product, "*"):
                continue
            rest = after
        words = {word.strip() for word in rest.split(",")}
        found |= Directives(bool(words & {"noindex", "none"}) or _is_past(rest), bool(words & {"nofollow", "none"}))
    return found


def link_header(value: str, url: str) -> str | None:
    """The canonical URL of a Link header (RFC 8288; RFC 6596)."""
    for target, parameters in _LINK.findall(value):
        if re.search(r"rel\s*=\s*\"?[^\";]*\bcanonical\b", parameters, re.I):
            try:
                return normal_form(target, url)
            except UrlError:
                return None
    return None


def _is_past(text: str) -> bool:
    _, found, after = text.partition("unavailable_after:")
    if not found:
        return False
    when = moment(after.strip())
    if when is None:
        try:
            when = parsedate_to_datetime(after.strip())
        except (ValueError, TypeError):
            return False
    return when.tzinfo is not None and when < utc_now()


def _decoded(body: bytes, charset: str | None) -> str:
    """A byte order mark first, then UTF-8 where it is that, then the header, then the page's own word."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, errors="replace").lstrip("\ufeff")
    declared = _CHARSET.search(body[:HEAD])
    named: tuple[str | None, ...] = (
        "utf-8",
        charset,
        declared.group(1).decode("ascii", "replace") if declared else None,
    )
    for name in named:
        if name:
            try:
                return body.decode(name)
            except (LookupError, UnicodeError):
                continue
    return body.decode("windows-1252", errors="replace")


def _root(text: str) -> etree._Element | None:
    parser = html.HTMLParser(huge_tree=True, recover=True, encoding="utf-8")
    # an XML declaration would contradict the encoding that we give
    data = re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode("utf-8", "replace")
    try:
        return etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def _base(root: etree._Element, url: str) -> str:
    for one in root.iter("base"):
        try:
            return normal_form(one.get("href") or "", url)
        except UrlError:
            return url
    return url


def _links(root: etree._Element) -> Iterator[str]:
    for one in root.iter("a", "area", "iframe", "frame", "link"):
        rel = (one.get("rel") or "").lower().split()
        if one.tag == "link":
            if "next" in rel or "prev" in rel:
                yield one.get("href") or ""
        elif "nofollow" not in rel:
            yield one.get("src" if one.tag in ("iframe", "frame") else "href") or ""


def _feeds(root: etree._Element) -> Iterator[str]:
    for one in root.iter("link"):
        if "alternate" in (one.get("rel") or "").lower().split() and (one.get("type") or "").lower() in FEEDS:
            yield one.get("href") or ""


def _rel(root: etree._Element, wanted: str) -> Iterator[str]:
    for one in root.iter("link"):
        if wanted in (one.get("rel") or "").lower().split():
            yield one.get("href") or ""


def _distinct(found: Iterator[str], base: str) -> Iterator[str]:
    seen: set[str] = set()
    for href in found:
        if not href or href.startswith(("#", "javascript:", "mailto:", "tel:", "data:")) or len(seen) >= MAX_LINKS:
            continue
        try:
            url = normal_form(href, base)
        except UrlError:
            continue
        if url not in seen:
            seen.add(url)
            yield url


def _refresh(root: etree._Element, base: str) -> str | None:
    for one in root.iter("meta"):
        if (one.get("http-equiv") or "").strip().lower() == "refresh":
            found = _REFRESH.match((one.get("content") or "")[:3_000])
            if found and found[2] and float(found[1]) <= MAX_REFRESH_S:
                return next(_distinct(iter([found[2]]), base), None)
    return None


def _text(root: etree._Element) -> str:
    """By events and not by recursion, so that no nesting is too deep."""
    body = root.find(".//body")
    parts: list[str] = []
    size = hidden = 0
    for event, one in etree.iterwalk(root if body is None else body, events=("start", "end")):
        is_hidden = not isinstance(one.tag, str) or one.tag in _HIDDEN
        if event == "start":
            hidden += is_hidden
            text = None if hidden else one.text
        else:
            hidden -= is_hidden
            text = None if hidden or one is body else one.tail
        if text and size < MAX_TEXT:
            parts.append(text)
            size += len(text)
    return _folded(" ".join(parts))


def _folded(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
