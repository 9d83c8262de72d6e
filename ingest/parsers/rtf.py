"""RTF (Rich Text Format 1.9.1) through pandoc, whose reader knows code pages and \\u escapes."""

import re

from lxml import etree

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.parsers.html.furniture import drop
from ingest.parsers.markup import add_markup, inline_text, read_markup
from ingest.parsers.pandoc import to_html
from ingest.parsers.titles import first_heading, sensible_title

_INFO = re.compile(rb"\{\\(title|author)\s([^{}\\]{1,300})\}")


def parse_rtf(data: bytes, _name: str) -> ParsedDocument:
    """Blocks in document order. Raises DocumentError: RTF_BROKEN, EMPTY_DOCUMENT, PARSE_TIMEOUT."""
    if not data.lstrip().startswith(b"{\\rtf"):
        raise DocumentError("This is not an RTF file. Save it as RTF or DOCX and upload that.", code="RTF_BROKEN")
    builder = DocumentBuilder()
    root = read_markup(to_html(data, "rtf"))
    if root is not None:
        notes = _footnotes(root)
        add_markup(builder, root)
        for number, text in notes:
            builder.note(f"[{number}] {text}")
    if builder.length == 0:
        raise DocumentError("This document holds no text. Check that the right file was sent.", code="EMPTY_DOCUMENT")
    info = {key.decode(): value.decode("cp1252", "replace").strip() for key, value in _INFO.findall(data[:20_000])}
    if "author" in info:
        builder.metadata["author"] = info["author"]
    builder.title = sensible_title(info.get("title")) or first_heading(builder)
    return builder.build()


def _footnotes(root: etree._Element) -> list[tuple[str, str]]:
    """Numbers and texts of pandoc's notes, taken out of `root`; their marks in the text become “[1]”."""
    for mark in root.iter("a"):
        kind = mark.get("class") or ""
        if "footnote-ref" in kind:
            text = f"[{inline_text(mark)}]"
            del mark[:]
            mark.text = text
        elif "footnote-back" in kind:
            mark.text = ""
    found: list[tuple[str, str]] = []
    for section in [one for one in root.iter("section", "aside", "div") if "footnotes" in (one.get("class") or "")]:
        found += [(str(number), inline_text(item)) for number, item in enumerate(section.iter("li"), start=1)]
        drop(section)
    return found
