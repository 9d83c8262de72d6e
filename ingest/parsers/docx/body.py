"""Blocks in document order: paragraphs, list items, tables, text boxes."""

from collections.abc import Callable

from lxml import etree

from ingest.builder import DocumentBuilder
from ingest.parsers.docx.drawings import Related, add_drawings
from ingest.parsers.docx.runs import paragraph_text, text_boxes
from ingest.parsers.docx.styles import Styles
from ingest.parsers.xml import attribute, child, local

_CONTAINERS = frozenset({"sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "AlternateContent", "Choice"})
_MAX_DEPTH = 40


class BodyWalker:
    """Writes the blocks of a container into the builder."""

    def __init__(
        self, builder: DocumentBuilder, styles: Styles, related: Related, add_embedded: Callable[[str], None]
    ) -> None:
        self._builder, self._styles, self._related, self._add_embedded = builder, styles, related, add_embedded

    def walk(self, container: etree._Element, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            return
        for item in container:
            name = local(item)
            if name == "p":
                self._paragraph(item, depth)
            elif name == "tbl":
                self._table(item, depth)
            elif name == "altChunk":
                self._add_embedded(attribute(item, "id") or "")
            elif name in _CONTAINERS:
                self.walk(item, depth + 1)

    def _paragraph(self, item: etree._Element, depth: int) -> None:
        text = paragraph_text(item)
        if text:
            level = self._styles.heading_level(item)
            marker = self._styles.list_marker(item)
            if level:
                numbered = marker is not None and marker[1] != "-"
                self._builder.heading(f"{marker[1]} {text}" if marker and numbered else text, level)
            elif marker:
                self._builder.list_item(text, depth=marker[0], marker=marker[1])
            else:
                self._builder.paragraph(text)
        for box in text_boxes(item):
            self.walk(box, depth + 1)
        add_drawings(self._builder, item, self._related)

    def _table(self, table: etree._Element, depth: int) -> None:
        rows = _rows(table)
        cells = [cell for row in rows for cell in _cells(row)]
        if len(cells) == 1:  # a frame round text, not a table
            self.walk(cells[0], depth + 1)
            return
        header = sum(1 for row in rows if child(row, "trPr", "tblHeader") is not None)
        self._builder.table([_row_texts(row, depth) for row in rows], header_rows=header or 1)
        add_drawings(self._builder, table, self._related)


def _rows(table: etree._Element) -> list[etree._Element]:
    found: list[etree._Element] = []
    for item in table:
        if local(item) == "tr":
            if child(item, "trPr", "del") is None:
                found.append(item)
        elif local(item) in _CONTAINERS:
            found.extend(_rows(item))
    return found


def _cells(row: etree._Element) -> list[etree._Element]:
    found: list[etree._Element] = []
    for item in row:
        if local(item) == "tc":
            found.append(item)
        elif local(item) in _CONTAINERS:
            found.extend(_cells(item))
    return found


def _row_texts(row: etree._Element, depth: int) -> list[str]:
    """A merged cell's text once, in the first of the columns and rows that it covers."""
    skipped = child(row, "trPr", "gridBefore")
    texts = [""] * min(int((attribute(skipped, "val") if skipped is not None else None) or 0), 60)
    for cell in _cells(row):
        merge, span = child(cell, "tcPr", "vMerge"), child(cell, "tcPr", "gridSpan")
        continued = merge is not None and (attribute(merge, "val") or "continue") == "continue"
        texts.append("" if continued else _cell_text(cell, depth))
        width = (attribute(span, "val") if span is not None else None) or "1"
        texts.extend([""] * (min(int(width), 60) - 1 if width.isdigit() else 0))
    return texts


def _cell_text(cell: etree._Element, depth: int) -> str:
    parts: list[str] = []
    for item in cell if depth < _MAX_DEPTH else ():
        name = local(item)
        if name == "p":
            parts.append(paragraph_text(item))
            parts.extend(_cell_text(box, depth + 1) for box in text_boxes(item))
        elif name == "tbl":
            parts.extend("; ".join(filter(None, _row_texts(row, depth + 1))) for row in _rows(item))
        elif name in _CONTAINERS:
            parts.append(_cell_text(item, depth + 1))
    return " ".join(part for part in parts if part)
