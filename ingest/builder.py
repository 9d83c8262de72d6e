"""Builds a `ParsedDocument`: parsers call one method a block and never count characters themselves."""

import re
import unicodedata
from collections.abc import Sequence

from ingest.elements import Element, ElementKind, Link, ParsedDocument

BLOCK_BREAK = "\n\n"
MAX_ANCHOR = 300  # characters
MAX_LINKS = 2_000
MAX_URL = 2_048
# C0 controls but for TAB and LF, NUL among them: PostgreSQL refuses NUL in text, and none of them is content. Nor are
# controls of direction: letters say it themselves, and an override shows a reader other words than are there.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")


def clean(text: str) -> str:
    """Text without control characters and lone surrogates, with LF line ends, composed: one spelling of each letter."""
    return unicodedata.normalize("NFC", CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


class DocumentBuilder:
    """Collects blocks in reading order; the heading path of each is the stack of headings above it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._elements: list[Element] = []
        self._headings: list[tuple[int, str]] = []
        self._anchor: str | None = None
        self._links: list[Link] = []
        self._pending: list[tuple[str, str]] = []
        # links by the text of the block that they stand in, for content whose own links are lost
        self.known_links: dict[str, list[tuple[str, str]]] = {}
        self.title: str | None = None
        self.language: str | None = None
        self.page_count: int | None = None
        self.notes: list[str] = []
        self.metadata: dict[str, str] = {}

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    def heading(self, text: str, level: int, *, page: int | None = None, anchor: str | None = None) -> None:
        """A heading of level 1 to 6; it ends every section of its level or deeper. `anchor`: its fragment in a URL."""
        text = " ".join(clean(text).split())
        if not text:
            return
        level = min(max(level, 1), 6)
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        if anchor and len(anchor) <= MAX_ANCHOR and not CONTROLS.search(anchor):
            self._anchor = anchor
        self._add(ElementKind.HEADING, text, page=page, level=level)
        self._headings.append((level, text))

    def link(self, text: str, url: str) -> None:
        """A link of the block that comes next; several in their order."""
        text = " ".join(clean(text).split())
        is_address = url and len(url) <= MAX_URL and not url.startswith("#") and not CONTROLS.search(url)
        if text and is_address and len(self._links) + len(self._pending) < MAX_LINKS:
            self._pending.append((text, url))

    def paragraph(self, text: str, *, page: int | None = None) -> None:
        text = clean(text).strip()
        self._expect(text)
        self._add(ElementKind.PARAGRAPH, text, page=page)

    def list_item(self, text: str, *, page: int | None = None, depth: int = 0, marker: str = "-") -> None:
        """One item; items that follow each other stay on neighbouring lines."""
        text = clean(text).strip()
        if text:
            self._expect(text)
            self._add(ElementKind.LIST_ITEM, f"{'  ' * depth}{marker} {text}", page=page)

    def code(self, text: str, *, page: int | None = None) -> None:
        self._add(ElementKind.CODE, clean(text).strip("\n"), page=page)

    def note(self, text: str, *, page: int | None = None) -> None:
        """Footnote, comment or speaker note."""
        self._add(ElementKind.NOTE, clean(text).strip(), page=page)

    def row(self, text: str, *, page: int | None = None) -> None:
        """One record on one line that names its own columns."""
        self._add(ElementKind.ROW, " ".join(clean(text).split()), page=page)

    def table(self, rows: Sequence[Sequence[str]], *, page: int | None = None, header_rows: int = 1) -> None:
        """Rows of cells as pipe lines (`| a | b |`), the first `header_rows` of them the header."""
        lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows if any(cell.strip() for cell in row)]
        if not lines:
            return
        start = self._next_start(ElementKind.TABLE)
        header = sum(len(line) + 1 for line in lines[:header_rows]) if header_rows and len(lines) > header_rows else 0
        self._add(ElementKind.TABLE, "\n".join(lines), page=page, header_end=start + header if header else None)

    def include(self, document: ParsedDocument) -> None:
        """The blocks of another document below the headings that are open here, and its notes."""
        for one in document.elements:
            text = document.text[one.start : one.end]
            if one.kind is ElementKind.HEADING:
                self.heading(text, one.level)
                continue
            shift = self._next_start(one.kind) - one.start
            self._add(one.kind, text, page=None, header_end=one.header_end + shift if one.header_end else None)
        self.notes.extend(document.notes)

    def build(self) -> ParsedDocument:
        return ParsedDocument(
            text="".join(self._parts),
            elements=self._elements,
            title=clean(self.title).strip() or None if self.title else None,
            language=self.language,
            page_count=self.page_count,
            notes=self.notes,
            metadata=self.metadata,
            links=self._links,
        )

    def _separator(self, kind: ElementKind) -> str:
        if not self._parts:
            return ""
        tight = kind in (ElementKind.LIST_ITEM, ElementKind.ROW) and self._elements[-1].kind is kind
        return "\n" if tight else BLOCK_BREAK

    def _next_start(self, kind: ElementKind) -> int:
        return self._length + len(self._separator(kind))

    def _add(
        self, kind: ElementKind, text: str, *, page: int | None, level: int = 0, header_end: int | None = None
    ) -> None:
        if not text.strip():
            return
        start = self._next_start(kind)
        self._place_links(start, text)
        self._parts.append(self._separator(kind) + text)
        self._length = start + len(text)
        path = tuple(heading for _, heading in self._headings)
        self._elements.append(Element(kind, start, self._length, page, level, path, header_end, self._anchor))

    def _expect(self, text: str) -> None:
        for words, url in self.known_links.pop(text, ()):
            self.link(words, url)

    def _place_links(self, start: int, text: str) -> None:
        """Where the block's links stand in it; one whose words it does not have as they are is left out."""
        place = 0
        for words, url in self._pending:
            found = text.find(words, place)
            if found >= 0:
                place = found + len(words)
                self._links.append(Link(start + found, start + place, url))
        self._pending.clear()


def _cell(text: str) -> str:
    return " ".join(clean(text).split()).replace("|", "\\|")
