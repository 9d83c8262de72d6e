"""Blocks of clean (X)HTML into a builder: chapters of books, mail bodies, converter output.

Nothing is judged as boilerplate here, unlike a web page: every visible text is kept.
"""

import re

from lxml import etree, html

from ingest.builder import DocumentBuilder
from ingest.limits import too_deep
from ingest.parsers.titles import spoken

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SKIPPED = frozenset({"script", "style", "head", "template", "noscript", "svg"})
_TEXT_BLOCKS = ("p", "div", "section", "article", "main", "aside", "header", "footer", "nav", "blockquote", "center")
_LIST_BLOCKS = ("ul", "ol", "dl", "li", "dt", "dd", "table", "pre", "figure", "figcaption", "details", "summary")
_BLOCKS = frozenset((*_TEXT_BLOCKS, *_LIST_BLOCKS, "form", "fieldset", "address", "hr", "body", "html", *_HEADINGS))
_MAX_DEPTH = 200


def add_markup(builder: DocumentBuilder, markup: bytes | str | etree._Element, *, page: int | None = None) -> None:
    """All blocks of `markup` in document order; heading levels as written. An element is changed on the way."""
    if isinstance(markup, bytes | str):
        root = read_markup(markup)
        if root is None:
            return
        markup = root
    _Walker(builder, page).walk(markup, 0)


def read_markup(markup: bytes | str) -> etree._Element | None:
    """The root, None where there is none; raises `DocumentError` where so deep a nesting would lose text."""
    parser = html.HTMLParser(
        no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
        encoding="utf-8" if isinstance(markup, str) else None,
    )  # fmt: skip
    source = markup.encode("utf-8", "replace") if isinstance(markup, str) else markup
    try:
        root = html.document_fromstring(source, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        root = None
    if any("depth" in entry.message for entry in parser.error_log.filter_from_fatals()):
        raise too_deep()
    return root


class _Walker:
    def __init__(self, builder: DocumentBuilder, page: int | None) -> None:
        self._builder, self._page = builder, page
        self._inline: list[str] = []

    def walk(self, element: etree._Element, depth: int, list_depth: int = -1) -> None:
        """Inline text gathers until the next block begins or ends."""
        self._inline.append(element.text or "")
        for item in element:
            tag = item.tag if isinstance(item.tag, str) else ""
            if tag in _BLOCKS and depth < _MAX_DEPTH:
                self._flush()
                self._block(item, tag, depth + 1, list_depth)
                self._flush()
            elif tag == "br":
                self._inline.append("\n")
            elif tag == "img":
                self._inline.append(f" {spoken(item.get('alt'))} ")
            elif tag and tag not in _SKIPPED and depth < _MAX_DEPTH:
                if tag == "a":
                    self._builder.link(inline_text(item), (item.get("href") or "").strip())
                self.walk(item, depth + 1, list_depth)
            self._inline.append(item.tail or "")
        if element.tag in _BLOCKS:
            self._flush()

    def _block(self, item: etree._Element, tag: str, depth: int, list_depth: int) -> None:
        if tag in _HEADINGS:
            self._links(item)
            self._builder.heading(inline_text(item), _HEADINGS[tag], page=self._page, anchor=item.get("id"))
        elif tag == "pre":
            self._builder.code("".join(map(str, item.itertext())), page=self._page)
        elif tag == "table":
            self._table(item, depth)
        elif tag in ("ul", "ol"):
            self._list(item, tag, depth, list_depth + 1)
        else:
            self.walk(item, depth, list_depth)

    def _list(self, element: etree._Element, tag: str, depth: int, list_depth: int) -> None:
        number = _whole(element.get("start"), 1) - 1
        for item in element:
            if item.tag != "li":
                self.walk(item, depth, list_depth)
                continue
            number = _whole(item.get("value"), number + 1)
            nested = [part for part in item if part.tag in ("ul", "ol")]
            for part in nested:
                item.remove(part)
            marker = f"{number}." if tag == "ol" else "-"
            self._links(item)
            self._builder.list_item(inline_text(item), page=self._page, depth=list_depth, marker=marker)
            for part in nested:
                self._list(part, str(part.tag), depth + 1, list_depth + 1)

    def _table(self, table: etree._Element, depth: int) -> None:
        rows = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
        cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
        if sum(map(len, cells)) == 1 or any(next(table.iterdescendants(tag), None) is not None for tag in _HEADINGS):
            for cell in (cell for row in cells for cell in row):  # layout, not data
                self.walk(cell, depth)
                self._flush()
            return
        caption = table.find("caption")
        if caption is not None:
            self._builder.paragraph(inline_text(caption), page=self._page)
        header = 0
        while header < len(cells) and cells[header] and all(cell.tag == "th" for cell in cells[header]):
            header += 1
        self._links(table)
        self._builder.table([_texts(row) for row in cells], page=self._page, header_rows=header or 1)

    def _links(self, element: etree._Element) -> None:
        for link in element.iter("a"):
            self._builder.link(inline_text(link), (link.get("href") or "").strip())

    def _flush(self) -> None:
        lines = "".join(self._inline).split("\n")
        self._inline.clear()
        self._builder.paragraph(" ".join(" ".join(lines).split()), page=self._page)


def _texts(row: list[etree._Element]) -> list[str]:
    texts: list[str] = []
    for cell in row:
        span = cell.get("colspan") or "1"
        texts.extend([inline_text(cell), *([""] * (min(int(span), 60) - 1 if span.isdigit() else 0))])
    return texts


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,9}", text.strip()) else default


def inline_text(element: etree._Element) -> str:
    """Visible text on one line."""
    parts: list[str] = []
    _gather(element, parts, 0)
    return " ".join("".join(parts).split())


def _gather(element: etree._Element, parts: list[str], depth: int) -> None:
    parts.append(element.text or "")
    for item in element:
        tag = item.tag if isinstance(item.tag, str) else ""
        if tag == "br" or tag in _BLOCKS or tag in ("td", "th"):
            parts.append(" ")
        if tag == "img":
            parts.append(f" {spoken(item.get('alt'))} ")
        elif tag and tag not in _SKIPPED and depth < _MAX_DEPTH:
            _gather(item, parts, depth + 1)
            parts.append(" " if tag in _BLOCKS else "")
        parts.append(item.tail or "")
