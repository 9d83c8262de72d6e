"""What a page says of itself: title, language, author and dates, from its head, its data blocks and its first times."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from ingest.builder import DocumentBuilder
from ingest.parsers.markup import inline_text

MAX_VALUE = 500
MAX_BLOCKS = 20
MAX_BLOCK = 200_000
MAX_NODES = 2_000
_LANGUAGE = re.compile(r"^[a-zA-Z]{2}")
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?")
# names of meta elements, the surest first
_METAS = {
    "author": ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author"),
    "date": ("article:published_time", "datepublished", "date", "dc.date", "dcterms.created", "citation_date",
             "citation_publication_date", "parsely-pub-date", "pubdate"),
    "modified": ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "dcterms.modified",
                 "revised"),
    "description": ("description", "og:description", "dc.description"),
    "site": ("og:site_name", "application-name"),
}  # fmt: skip
_DATED = ("date", "modified")
_DATA = {"datePublished": "date", "dateModified": "modified"}


def describe(builder: DocumentBuilder, root: etree._Element) -> None:
    """The head wins over data blocks (schema.org), and these over a `time` element of the page."""
    language = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    if _LANGUAGE.match(language):
        builder.language = language[:2].lower()
    title = root.find(".//title")
    meta = _metas(root)
    builder.title = meta.get("og:title") or (inline_text(title) if title is not None else None)
    found = {name: next((meta[key] for key in keys if meta.get(key)), "") for name, keys in _METAS.items()}
    for name, value in _data(root):
        found[name] = found.get(name) or value
    if not found["date"]:
        found["date"] = _first_time(root)
    kept = {name: _checked(name, value) for name, value in found.items()}
    builder.metadata = {name: value for name, value in kept.items() if value}


def _metas(root: etree._Element) -> dict[str, str]:
    """By name, property or itemprop in small letters; the first of each that says something."""
    found: dict[str, str] = {}
    for one in root.iter("meta"):
        name = (one.get("name") or one.get("property") or one.get("itemprop") or "").strip().lower()
        if name and (one.get("content") or "").strip():
            found.setdefault(name, (one.get("content") or "").strip())
    return found


def _data(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Dates and authors of JSON-LD blocks."""
    blocks = (one for one in root.iter("script") if (one.get("type") or "").lower() == "application/ld+json")
    for number, block in enumerate(blocks):
        text = block.text or ""
        if number >= MAX_BLOCKS or len(text) > MAX_BLOCK:
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        yield from _of_nodes(value)


def _of_nodes(value: Any) -> Iterator[tuple[str, str]]:
    waiting, seen = [value], 0
    while waiting and seen < MAX_NODES:
        node = waiting.pop(0)
        seen += 1
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            yield from ((name, node[key]) for key, name in _DATA.items() if isinstance(node.get(key), str))
            if (author := _name(node.get("author"))) is not None:
                yield "author", author
            waiting += [node[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in node]


def _name(author: Any) -> str | None:
    """Of a person or an organisation, or of several."""
    several = author if isinstance(author, list) else [author]
    names = [one.get("name") if isinstance(one, dict) else one for one in several[:10]]
    return ", ".join(name for name in names if isinstance(name, str)) or None


def _first_time(root: etree._Element) -> str:
    times = list(root.iter("time"))
    published = [one for one in times if one.get("pubdate") is not None or one.get("itemprop") == "datePublished"]
    articles = [one for one in times if next(one.iterancestors("article", "main"), None) is not None]
    return next((one.get("datetime") or "" for one in published or articles), "")


def _checked(name: str, value: str) -> str:
    text = " ".join(str(value).split())[:MAX_VALUE]
    if name in _DATED:
        found = _DATE.match(text)
        return found.group() if found else ""
    return "" if name == "author" and text.startswith(("http://", "https://")) else text
