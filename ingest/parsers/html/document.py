"""One page: read, described, and its main content written as blocks.

Pages of manuals mark their content, so it is taken as it stands, and so are pages without any furniture; on all others
trafilatura looks for it. Where that finds next to nothing of a page that has more, the body without its furniture is
taken: an upload is not always an article.
"""

import re

from lxml import etree

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.encoding import decode
from ingest.limits import refuse_entities
from ingest.parsers.html.anchors import name_headings, named_headings, restore_names
from ingest.parsers.html.article import main_content
from ingest.parsers.html.description import describe
from ingest.parsers.html.furniture import drop_permalinks, is_bare, without_furniture
from ingest.parsers.html.links import links_by_block
from ingest.parsers.html.manual import is_manual, manual_content
from ingest.parsers.markup import add_markup, inline_text, read_markup

MIN_SHARE = 0.08  # of the body's visible text without furniture
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_XML = re.compile(r"^\s*<\?xml[^>]*\?>")
_SOFT_HYPHEN = "\u00ad"  # a hint for line breaks that would hide the word from a search


def parse_html(data: bytes, _name: str) -> ParsedDocument:
    declared = _CHARSET.search(data[:4096])
    text = decode(data, declared.group(1).decode("ascii") if declared else None).replace(_SOFT_HYPHEN, "")
    refuse_entities(data[:4096])
    root = _root(text)
    builder = DocumentBuilder()
    describe(builder, root)
    if is_bare(root):
        add_markup(builder, root)
    else:
        builder.known_links = {} if is_manual(root) else links_by_block(root)
        add_markup(builder, manual_content(root) if is_manual(root) else _content(root, text))
    return builder.build()


def _content(root: etree._Element, text: str) -> etree._Element:
    """trafilatura's choice, unless it is a small share of what a reader sees. It prunes `root`, hence the second."""
    everything, headings = len(inline_text(root)), named_headings(root)
    found = main_content(root)
    length = len(inline_text(found)) if found is not None else 0
    if found is not None:
        restore_names(found, headings)
    if found is not None and length >= MIN_SHARE * everything:
        return found
    body = without_furniture(_root(text))
    return found if found is not None and length >= MIN_SHARE * len(inline_text(body)) else body


def _root(text: str) -> etree._Element:
    """The page; its headings named, their permalinks gone."""
    found = read_markup(_XML.sub("", text))
    if found is None:
        raise DocumentError("There is no readable HTML in this file.", code="HTML_BROKEN")
    name_headings(found)
    drop_permalinks(found)
    return found
