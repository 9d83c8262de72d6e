"""Markdown (CommonMark with tables) by markdown-it: rendered to HTML, whose blocks every parser shares."""

import re

from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.encoding import decode
from ingest.parsers.markup import add_markup

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.S)
_FIELD = re.compile(r"^([A-Za-z_][\w-]*)\s*:\s*(.+?)\s*$", re.M)


def parse_markdown(data: bytes, _name: str) -> ParsedDocument:
    from markdown_it import MarkdownIt

    text, builder = decode(data).replace("\r\n", "\n"), DocumentBuilder()
    matter = _FRONT_MATTER.match(text)
    if matter:
        fields = {key.lower(): value.strip("\"'") for key, value in _FIELD.findall(matter.group(1))}
        builder.title = fields.get("title")
        builder.metadata = {name: fields[name] for name in ("author", "date", "description") if name in fields}
        text = text[matter.end() :]
    add_markup(builder, MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    return builder.build()
