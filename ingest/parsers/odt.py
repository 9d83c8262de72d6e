"""ODT (OASIS OpenDocument 1.3) from its content.xml: headings, lists, tables, notes, in document order."""

import io
import zipfile

from lxml import etree

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.limits import DAMAGED, check_package
from ingest.parsers.titles import first_heading, sensible_title
from ingest.parsers.xml import attribute, child, local, recover_xml

_SKIPPED = frozenset({"tracked-changes", "sequence-decls", "annotation", "note", "forms", "text-box"})
_ROW_GROUPS = frozenset({"table-header-rows", "table-rows", "table-row-group"})
_METADATA = {"initial-creator": "author", "creator": "author", "creation-date": "created", "date": "modified"}
_MAX_DEPTH = 40
_MAX_REPEATED = 60


def parse_odt(data: bytes, _name: str) -> ParsedDocument:
    """Blocks in document order. Raises DocumentError: ODT_BROKEN, ODT_ENCRYPTED, EMPTY_DOCUMENT, ARCHIVE_TOO_LARGE,
    XML_ENTITIES.
    """
    check_package(data)
    builder = DocumentBuilder()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
                message = "This document is protected by a password. Save a copy without it and upload that."
                raise DocumentError(message, code="ODT_ENCRYPTED")
            root = recover_xml(archive.read("content.xml"))
            meta = recover_xml(archive.read("meta.xml")) if "meta.xml" in names else None
    except DAMAGED as error:
        raise _broken() from error
    body = child(root, "body") if root is not None else None
    if body is None:
        raise _broken()
    for content in body:
        _Walker(builder).walk(content, 0)
    if builder.length == 0:
        raise DocumentError("This document holds no text. Check that the right file was sent.", code="EMPTY_DOCUMENT")
    _describe(builder, meta)
    return builder.build()


class _Walker:
    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder

    def walk(self, container: etree._Element, depth: int) -> None:
        for item in container if depth < _MAX_DEPTH else ():
            name = local(item)
            if name == "h":
                level = attribute(item, "outline-level") or "1"
                self._builder.heading(inline_text(item), int(level) if level.isdigit() else 1)
                self._anchored(item, depth)
            elif name == "p":
                self._builder.paragraph(inline_text(item))
                self._anchored(item, depth)
            elif name == "list":
                self._list(item, 0)
            elif name == "table":
                self._table(item)
            elif name not in _SKIPPED:
                self.walk(item, depth + 1)

    def _list(self, element: etree._Element, depth: int) -> None:
        for item in element if depth < _MAX_DEPTH else ():
            texts: list[str] = []
            for part in item:
                if local(part) == "list":
                    self._builder.list_item(" ".join(texts), depth=depth)
                    texts = []
                    self._list(part, depth + 1)
                else:
                    texts.append(inline_text(part))
            self._builder.list_item(" ".join(texts), depth=depth)

    def _table(self, table: etree._Element) -> None:
        rows = _rows(table)
        head = child(table, "table-header-rows")
        self._builder.table([_row(row) for row in rows], header_rows=len(_rows(head)) if head is not None else 1)

    def _anchored(self, paragraph: etree._Element, depth: int) -> None:
        """Text boxes, footnotes and comments after the paragraph that they hang on."""
        for item in paragraph.iter():
            name = local(item)
            if name == "text-box":
                self.walk(item, depth + 1)
            elif name == "note":
                citation, body = child(item, "note-citation"), child(item, "note-body")
                mark = f"[{citation.text}] " if citation is not None and citation.text else ""
                self._builder.note(mark + _all_text(body))
            elif name == "annotation":
                self._builder.note(f"Comment: {_all_text(item)}")


def inline_text(element: etree._Element) -> str:
    """Text with its spaces, tabs and line breaks, which ODF writes as elements (§6.1.2)."""
    parts: list[str] = []
    _gather(element, parts, 0)
    return "".join(parts).strip()


def _gather(element: etree._Element, parts: list[str], depth: int) -> None:
    parts.append(" ".join((element.text or "").split("\n")))
    for item in element:
        name = local(item)
        if name == "s":
            count = attribute(item, "c") or "1"
            parts.append(" " * (min(int(count), 100) if count.isdigit() else 1))
        elif name in ("tab", "line-break"):
            parts.append("\t" if name == "tab" else "\n")
        elif name == "note":
            citation = child(item, "note-citation")
            parts.append(f"[{citation.text or ''}]" if citation is not None else "")
        elif name not in _SKIPPED and depth < _MAX_DEPTH:
            _gather(item, parts, depth + 1)
        parts.append(" ".join((item.tail or "").split("\n")))


def _all_text(element: etree._Element | None) -> str:
    lines = [inline_text(item) for item in element.iter() if local(item) in ("p", "h")] if element is not None else []
    return " ".join(filter(None, lines))


def _rows(table: etree._Element) -> list[etree._Element]:
    found: list[etree._Element] = []
    for item in table:
        if local(item) == "table-row":
            found.append(item)
        elif local(item) in _ROW_GROUPS:
            found.extend(_rows(item))
    return found


def _row(row: etree._Element) -> list[str]:
    texts: list[str] = []
    for cell in row:
        if local(cell) in ("table-cell", "covered-table-cell"):
            repeated = attribute(cell, "number-columns-repeated") or "1"
            count = min(int(repeated), _MAX_REPEATED) if repeated.isdigit() else 1
            texts.extend([_all_text(cell) if local(cell) == "table-cell" else ""] * count)
    return texts


def _describe(builder: DocumentBuilder, meta: etree._Element | None) -> None:
    for item in meta.iter() if meta is not None else ():
        text = (item.text or "").strip()
        if text and local(item) in _METADATA:
            builder.metadata.setdefault(_METADATA[local(item)], text)
        elif text and local(item) == "title":
            builder.title = sensible_title(text)
        elif text and local(item) == "language":
            builder.language = text[:2].lower()
    builder.title = builder.title or first_heading(builder)


def _broken() -> DocumentError:
    return DocumentError(
        "This ODT file is damaged and could not be opened. Save it again in a word processor and upload that.",
        code="ODT_BROKEN",
    )
