"""Web pages: trafilatura finds the main content, whose blocks keep headings, lists, tables and code.

Where it finds little of a page that has more, the whole body is taken instead: an uploaded page is rarely an article.
"""

import re
from typing import Any

from lxml import etree, html

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.encoding import decode
from ingest.parsers.markup import add_markup, inline_text

MIN_SHARE = 0.35  # of the body's visible text without navigation
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_XML = re.compile(r"^\s*<\?xml[^>]*\?>")
_LANGUAGE = re.compile(r"^[a-zA-Z]{2}")
_CHROME = ("nav", "footer", "aside", "form", "button", "iframe", "dialog")
_ROLES = ("navigation", "banner", "contentinfo", "search", "complementary")
_NOISE = re.compile(
    r"cookie|consent|breadcrumb|sidebar|sphinxsidebar|navbar|\bmenu\b|share|social|related|headerlink|skip-link", re.I
)


def parse_html(data: bytes, _name: str) -> ParsedDocument:
    declared = _CHARSET.search(data[:4096])
    text = decode(data, declared.group(1).decode("ascii") if declared else None)
    root = _root(text)
    builder = DocumentBuilder()
    _describe(builder, root)
    body = _without_chrome(root)
    content = _main_content(root)
    whole = len(inline_text(body))
    if content is None or len(inline_text(content)) < MIN_SHARE * whole:
        content = body
    add_markup(builder, etree.tostring(content, encoding="unicode", method="html"))
    return builder.build()


def _root(text: str) -> etree._Element:
    parser = html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        return html.document_fromstring(_XML.sub("", text).encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise DocumentError("There is no readable HTML in this file.", code="HTML_BROKEN") from None


def _describe(builder: DocumentBuilder, root: etree._Element) -> None:
    """Title, language, author and date, from what the head says."""
    language = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    if _LANGUAGE.match(language):
        builder.language = language[:2].lower()
    title = root.find(".//title")
    meta = {str(m.get("name") or m.get("property") or "").lower(): m.get("content") for m in root.iter("meta")}
    builder.title = meta.get("og:title") or (inline_text(title) if title is not None else None)
    named = {"author": "author", "date": "article:published_time", "description": "description"}
    builder.metadata = {name: str(meta[key])[:500] for name, key in named.items() if meta.get(key)}


def _main_content(root: etree._Element) -> etree._Element | None:
    """trafilatura's choice as clean HTML; None where it finds nothing or fails on odd markup."""
    from trafilatura.core import bare_extraction

    try:
        found: Any = bare_extraction(
            root, fast=True, include_comments=False, include_tables=True, include_links=False,
            include_formatting=True, favor_recall=True, with_metadata=False, deduplicate=False,
        )  # fmt: skip
    except (ValueError, TypeError, AttributeError, etree.LxmlError):
        return None
    return None if found is None or found.body is None else _as_html(found.body)


_TAGS = {
    "row": "tr", "cell": "td", "item": "li", "quote": "blockquote", "lb": "br", "hi": "span", "ref": "span",
}  # fmt: skip


def _as_html(body: etree._Element) -> etree._Element:
    """trafilatura's TEI-like tags as HTML."""
    for element in body.iter():
        tag = element.tag
        if tag == "head":
            element.tag = element.get("rend") or "h2"
        elif tag == "list":
            element.tag = "ol" if element.get("rend") == "ol" else "ul"
        elif tag == "code":
            element.tag = "pre" if "\n" in "".join(map(str, element.itertext())) else "code"
        elif tag == "cell" and element.get("role") == "head":
            element.tag = "th"
        elif tag in _TAGS:
            element.tag = _TAGS[tag]
    body.tag = "body"
    return body


def _without_chrome(root: etree._Element) -> etree._Element:
    """A copy of the body without navigation, banners and the like."""
    import copy

    found = root.find(".//body")
    body = copy.deepcopy(found if found is not None else root)
    main = next((one for one in body.iter("main", "article") if len(inline_text(one)) > 200), None)
    if main is not None and len(list(body.iter("article"))) <= 1:
        body = main
    for element in list(body.iter()):
        if isinstance(element.tag, str) and element is not body and _is_chrome(element):
            _drop(element)
    return body


def _is_chrome(element: etree._Element) -> bool:
    if element.tag in _CHROME or (element.get("role") or "") in _ROLES:
        return True
    marks = f"{element.get('class') or ''} {element.get('id') or ''}"
    return bool(marks.strip()) and element.tag in ("div", "ul", "section", "a", "header") and bool(_NOISE.search(marks))


def _drop(element: etree._Element) -> None:
    """Remove an element but keep the text after it."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
