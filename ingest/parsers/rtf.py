"""RTF (Rich Text Format 1.9.1) through pandoc, whose reader knows code pages and \\u escapes."""

import re

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.parsers.markup import add_markup
from ingest.parsers.pandoc import to_html
from ingest.parsers.titles import first_heading, sensible_title

_INFO = re.compile(rb"\{\\(title|author)\s([^{}\\]{1,300})\}")


def parse_rtf(data: bytes, _name: str) -> ParsedDocument:
    """Blocks in document order. Raises DocumentError: RTF_BROKEN, EMPTY_DOCUMENT, PARSE_TIMEOUT."""
    if not data.lstrip().startswith(b"{\\rtf"):
        raise DocumentError("This is not an RTF file. Save it as RTF or DOCX and upload that.", code="RTF_BROKEN")
    builder = DocumentBuilder()
    add_markup(builder, to_html(data, "rtf"))
    if builder.length == 0:
        raise DocumentError("This document holds no text. Check that the right file was sent.", code="EMPTY_DOCUMENT")
    info = {key.decode(): value.decode("cp1252", "replace").strip() for key, value in _INFO.findall(data[:20_000])}
    if "author" in info:
        builder.metadata["author"] = info["author"]
    builder.title = sensible_title(info.get("title")) or first_heading(builder)
    return builder.build()
