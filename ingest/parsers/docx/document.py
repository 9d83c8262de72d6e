"""Opens a DOCX, walks its parts and writes them into the builder."""

from lxml import etree

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.compound import is_compound
from ingest.elements import ParsedDocument
from ingest.limits import check_package
from ingest.parsers.docx.body import BodyWalker
from ingest.parsers.docx.embedded import Embedded
from ingest.parsers.docx.package import open_parts
from ingest.parsers.docx.runs import paragraph_text
from ingest.parsers.docx.styles import read_styles
from ingest.parsers.titles import first_heading, sensible_title
from ingest.parsers.xml import attribute, local

_METADATA = {"creator": "author", "created": "created", "modified": "modified", "subject": "subject"}
_ASIDES = frozenset({"footnotes", "endnotes", "comments"})

_Related = list[tuple[str, etree._Element]]  # kind (the last word of the relationship's type) and root


def parse_docx(data: bytes, _name: str, *, embedded: bool = False) -> ParsedDocument:
    """Blocks in document order, then notes, comments and running lines. An `embedded` one opens no files within it.

    Raises DocumentError: DOCX_ENCRYPTED, DOCX_BROKEN, EMPTY_DOCUMENT, ARCHIVE_TOO_LARGE, XML_ENTITIES.
    """
    if is_compound(data):
        message = "This file is an old .doc or protected by a password. Save it as .docx without a password."
        raise DocumentError(message, code="DOCX_ENCRYPTED")
    check_package(data)
    parts = open_parts(data)
    builder = DocumentBuilder()
    styles = {kind: part for kind, part in parts.related if kind in ("styles", "numbering")}
    files = Embedded(builder, {} if embedded else parts.embedded, _read_embedded)
    walker = BodyWalker(builder, read_styles(styles.get("styles"), styles.get("numbering")), parts.by_id, files.add)
    for body in parts.main:
        walker.walk(body)
    _add_asides(builder, parts.related)
    _describe(builder, parts.related)
    if builder.length == 0:
        raise DocumentError("This document holds no text. Check that the right file was sent.", code="EMPTY_DOCUMENT")
    return builder.build()


def _read_embedded(data: bytes) -> ParsedDocument:
    return parse_docx(data, "", embedded=True)


def _add_asides(builder: DocumentBuilder, parts: _Related) -> None:
    seen: set[str] = set()
    for kind, root in parts:
        if kind in _ASIDES:
            for item in root:
                _add_note(builder, item, kind)
        elif kind in ("header", "footer"):
            text = " ".join(filter(None, _paragraphs(root)))
            if text and text not in seen and not text.isdigit():
                seen.add(text)
                builder.note(text)


def _add_note(builder: DocumentBuilder, item: etree._Element, kind: str) -> None:
    text = " ".join(filter(None, _paragraphs(item)))
    if not text or attribute(item, "type") in ("separator", "continuationSeparator"):
        return
    number, author = attribute(item, "id") or "", attribute(item, "author")
    if kind == "comments":
        builder.note(f"Comment by {author}: {text}" if author else f"Comment: {text}")
    else:
        builder.note(f"[{'e' if kind == 'endnotes' else ''}{number}] {text}")


def _paragraphs(root: etree._Element) -> list[str]:
    return [paragraph_text(item) for item in root.iter() if local(item) == "p"]


def _describe(builder: DocumentBuilder, parts: _Related) -> None:
    title = None
    for kind, root in parts:
        for item in root if kind == "core-properties" else ():
            if item.text and local(item) in _METADATA:
                builder.metadata[_METADATA[local(item)]] = item.text.strip()
            if local(item) == "title":
                title = sensible_title(item.text)
            if local(item) == "language" and item.text:
                builder.language = item.text.strip()[:2].lower()
    builder.title = title or first_heading(builder)
