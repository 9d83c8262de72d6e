"""Opens a DOCX, walks its parts and writes them into the builder."""

import io
import zipfile
from typing import Any

from lxml import etree

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.limits import check_archive
from ingest.parsers.docx.body import BodyWalker
from ingest.parsers.docx.runs import paragraph_text
from ingest.parsers.docx.styles import read_styles
from ingest.parsers.titles import first_heading, sensible_title
from ingest.parsers.xml import attribute, local, recover_xml

_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_METADATA = {"creator": "author", "created": "created", "modified": "modified", "subject": "subject"}
_ASIDES = frozenset({"footnotes", "endnotes", "comments"})

Parts = list[tuple[str, etree._Element]]  # kind (the last word of the relationship's type) and root


def parse_docx(data: bytes, _name: str) -> ParsedDocument:
    """Blocks in document order, then notes, comments and running lines.

    Raises DocumentError: DOCX_ENCRYPTED, DOCX_BROKEN, EMPTY_DOCUMENT, ARCHIVE_TOO_LARGE.
    """
    if data.startswith(_OLE_MAGIC):
        message = "This file is an old .doc or protected by a password. Save it as .docx without a password."
        raise DocumentError(message, code="DOCX_ENCRYPTED")
    check_archive(data)
    root, parts = _open(data)
    builder = DocumentBuilder()
    styles = {kind: part for kind, part in parts if kind in ("styles", "numbering")}
    walker = BodyWalker(builder, read_styles(styles.get("styles"), styles.get("numbering")))
    for body in root:
        walker.walk(body)
    _add_asides(builder, parts)
    _describe(builder, parts)
    if builder.length == 0:
        raise DocumentError("This document holds no text. Check that the right file was sent.", code="EMPTY_DOCUMENT")
    return builder.build()


def _open(data: bytes) -> tuple[etree._Element, Parts]:
    from docx.package import Package

    try:
        package = Package.open(io.BytesIO(data))
        main = package.main_document_part
        root = _root(main)
        related = [*main.rels.values(), *package.rels.values()]
    # python-docx meets damaged packages with whatever its code trips over (KeyError, BadZipFile, XMLSyntaxError, …).
    except Exception:
        return _main_part(data), []
    if root is None:
        raise _broken()
    parts: Parts = []
    for relation in related:
        if not relation.is_external and (part := _root(relation.target_part)) is not None:
            parts.append((relation.reltype.rpartition("/")[2], part))
    return root, parts


def _root(part: Any) -> etree._Element | None:
    element: etree._Element | None = getattr(part, "element", None)
    if element is not None:
        return element
    return recover_xml(part.blob) if "xml" in part.content_type and part.blob else None


def _main_part(data: bytes) -> etree._Element:
    """The text alone, for packages whose index is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root = recover_xml(archive.read("word/document.xml"))
    # zipfile meets damaged members with zlib.error, NotImplementedError, RuntimeError and more.
    except Exception as error:
        raise _broken() from error
    if root is None:
        raise _broken()
    return root


def _add_asides(builder: DocumentBuilder, parts: Parts) -> None:
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


def _describe(builder: DocumentBuilder, parts: Parts) -> None:
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


def _broken() -> DocumentError:
    return DocumentError(
        "This DOCX file is damaged and could not be opened. Save it again in a word processor and upload that.",
        code="DOCX_BROKEN",
    )
