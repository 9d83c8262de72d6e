"""What a parser returns: one text, and elements that are spans of it.

Every element carries page, heading path and character offsets into `ParsedDocument.text`, the text that is stored.
A citation's quote is a slice of that text, so nothing may rewrite it after the parser.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class ElementKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"  # a whole table; its text is one line a row, the header first
    ROW = "row"  # one record that names its own columns ("Name: Ada; Born: 1815"): CSV, sheets, JSON
    CODE = "code"
    NOTE = "note"  # footnotes, comments, speaker notes


@dataclass(frozen=True, slots=True)
class Element:
    """A structural piece. `start`/`end` index characters of the document's text, end exclusive."""

    kind: ElementKind
    start: int
    end: int
    page: int | None = None  # 1-based; None where the format has no pages. A slide or a sheet counts as a page.
    level: int = 0  # headings: 1 to 6
    heading_path: tuple[str, ...] = ()  # the headings above it, outermost first, without the element itself
    header_end: int | None = None  # tables: where the header row(s) end, an offset into the text
    anchor: str | None = None  # web pages: the fragment of the nearest heading, itself included, that has one


@dataclass(frozen=True, slots=True)
class Link:
    """A link as the page has it: `text[start:end]` leads to `url`, which may be relative to the page."""

    start: int
    end: int
    url: str


@dataclass(slots=True)
class ParsedDocument:
    """The whole result of parsing one file."""

    text: str
    elements: list[Element]
    title: str | None = None
    language: str | None = None  # ISO 639-1
    page_count: int | None = None
    notes: list[str] = field(default_factory=list)  # what a person should know: "Page 3 is a scan; …"
    metadata: dict[str, str] = field(default_factory=dict)  # author, created, … as found
    links: list[Link] = field(default_factory=list)  # of web pages and other markup, in reading order


@dataclass(frozen=True, slots=True)
class Block:
    """An element, or the piece of it that a chunk has; `start`/`end` count from the chunk's beginning."""

    kind: ElementKind
    start: int
    end: int
    level: int = 0  # headings
    names: tuple[str, ...] = ()  # tables with a header: the names of their columns
    body: int = 0  # tables: where the rows below the header begin, counted like `start`


@dataclass(frozen=True, slots=True)
class Chunk:
    """An exact slice `text[start:end]` of the stored text, and what stands around it."""

    index: int
    start: int
    end: int
    page: int | None  # of its first character
    page_end: int | None  # of its last character
    heading_path: tuple[str, ...]
    anchor: str | None  # of its first element
    context: str  # repeated for the embedding only: the header of a table that began in an earlier chunk
    token_count: int  # of the slice alone, by the embedding model's tokenizer
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A place on a page, 1-based, in points of 1/72 inch from the top left of the page as shown: cropped, turned."""

    page: int
    x: float
    y: float
    width: float
    height: float
    page_width: float
    page_height: float
