"""Plain text: paragraphs by blank lines, items by their marks. Headings only where underlining makes them certain."""

import re

from ingest.builder import DocumentBuilder, clean
from ingest.elements import ParsedDocument
from ingest.encoding import decode

_ITEM = re.compile(r"^(\s*)([-*•–]|\d{1,3}[.)])\s+(.*)")
_UNDERLINE = re.compile(r"^(=|-|~){4,}\s*$")


def parse_text(data: bytes, _name: str) -> ParsedDocument:
    return read_text(decode(data))


def read_text(text: str) -> ParsedDocument:
    """A document from text that is decoded already."""
    builder = DocumentBuilder()
    for block in re.split(r"\n[ \t]*\n", clean(text).replace("\f", "\n\n")):
        _add_block(builder, [line.rstrip() for line in block.split("\n") if line.strip()])
    return builder.build()


def _add_block(builder: DocumentBuilder, lines: list[str]) -> None:
    if len(lines) >= 2 and _UNDERLINE.match(lines[1]) and abs(len(lines[1]) - len(lines[0])) <= 3:
        builder.heading(lines[0], 1 if lines[1][0] == "=" else 2)
        lines = lines[2:]
    if lines and all(_ITEM.match(line) for line in lines):
        for line in lines:
            indent, mark, rest = _ITEM.match(line).groups()  # type: ignore[union-attr]  # matched the line before
            builder.list_item(rest, depth=min(len(indent) // 2, 5), marker=mark)
    elif lines:
        builder.paragraph("\n".join(lines))
