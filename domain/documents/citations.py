"""A citation: the quote of a span of a version's text, what stands around it, and where a reader can see it."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from core.blobs.protocol import BlobStore
from core.errors import InvalidInput, NotFound
from domain.documents.citation_repository import CitationRepository
from domain.documents.repository import DocumentRepository
from domain.documents.surroundings import WINDOW, surroundings
from domain.models import Document, DocumentVersion
from domain.principal import Permission, Principal
from ingest.children.protocol import Failed, Parser, PlaceTask
from ingest.elements import Rectangle
from retrieval.links import passage_link
from retrieval.passages import StoredPassage

MAX_SPAN = 4_000
PDF = "pdf"
_GONE = "The original is not stored any more, so the words cannot be marked in it."
_NO_PAGE = "It is not known on which page the words stand."


@dataclass(frozen=True, slots=True)
class Original:
    blob_key: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Citation:
    """`before + quote + after` is one piece of the version's text; UTF-16 offsets are those of JavaScript."""

    stored: StoredPassage
    is_live: bool
    file_name: str
    char_start: int
    char_end: int
    utf16_start: int
    utf16_end: int
    quote: str
    before: str
    after: str
    page_end: int | None
    original: Original
    rectangles: tuple[Rectangle, ...] = ()
    notice: str | None = None

    @property
    def url(self) -> str | None:
        return passage_link(self.stored, self.quote)


class CitationService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._who = who
        self._documents, self._texts = DocumentRepository(session, who), CitationRepository(session, who)

    def citation(self, document_id: str, start: int, end: int, version: int | None) -> Citation:
        """Of `text[start:end]`, by default of the live version; without rectangles, which `marked` looks up."""
        self._who.require(Permission.DOCUMENTS_READ)
        document, row = self._version(document_id, version)
        length = self._texts.length(document.id, row.version)
        if length is None:
            raise NotFound("This version has no text: it has not been read, or not yet.", code="VERSION_WITHOUT_TEXT")
        _check(start, end, length)
        first, last = max(0, start - WINDOW), min(length, end + WINDOW)
        window = self._texts.slice(document.id, row.version, first, last)
        quote = window[start - first : end - first]
        before, after = surroundings(
            window, start - first, end - first, from_start=first == 0, to_end=last == length
        )  # fmt: skip
        utf16_start = sum(map(utf16_length, self._texts.slices(document.id, row.version, start)))
        stored, page_end = self._passage(document, row, start, end)
        return Citation(
            stored, row.version == document.live_version, row.file_name, start, end,
            utf16_start, utf16_start + utf16_length(quote), quote, before, after, page_end,
            Original(row.blob_key, row.blob_start, row.blob_bytes),
        )  # fmt: skip

    def _version(self, document_id: str, version: int | None) -> tuple[Document, DocumentVersion]:
        document = self._documents.get(document_id)
        if document is None:
            raise NotFound("There is no such document in this workspace.", code="DOCUMENT_NOT_FOUND")
        number = version or document.live_version or document.version
        row = self._documents.version(document_id, number)
        if row is None and number < document.version:
            message = f"Version {number} is not kept any more: the texts of old versions go after some time."
            raise NotFound(message, code="VERSION_GONE")
        if row is None:
            raise NotFound("The document has no such version.", code="VERSION_NOT_FOUND")
        return document, row

    def _passage(
        self, document: Document, row: DocumentVersion, start: int, end: int
    ) -> tuple[StoredPassage, int | None]:
        """The chunk that holds most of the span, and with it the span's last page."""
        chunks = self._texts.chunks(document.id, row.version, start, end)
        best = max(chunks, key=lambda one: min(one.char_end, end) - max(one.char_start, start), default=None)
        pages = [page for one in chunks for page in (one.page, one.page_end) if page is not None]
        if best is not None and best.char_start <= start and best.char_end >= end:
            pages = [page for page in (best.page, best.page_end) if page is not None]
        stored = StoredPassage(
            chunk_id=best.id if best else "", document_id=document.id, external_id=document.external_id,
            collection_id=document.collection_id, title=document.title, url=document.source_url,
            language=row.language, version=row.version, chunk_index=best.chunk_index if best else -1, content="",
            heading_path=tuple(best.heading_path) if best else (), page=min(pages, default=None),
            char_start=start, char_end=end, anchor=best.anchor if best else None, format=row.format,
        )  # fmt: skip
        return stored, max(pages, default=None)


class Marker:
    """Finds quotes of PDFs on their pages; asks the original, and holds no session while it does."""

    def __init__(self, blobs: BlobStore, parser: Parser) -> None:
        self._blobs, self._parser = blobs, parser

    def marked(self, citation: Citation) -> Citation:
        """With rectangles, on the pages where they are; or with a notice why there are none."""
        first, last = citation.stored.page, citation.page_end
        if citation.stored.format != PDF:
            return citation
        if first is None or last is None:
            return replace(citation, notice=_NO_PAGE)
        original, pages = citation.original, tuple(range(first, last + 1))
        try:
            with self._blobs.local(original.blob_key) as path:
                task = PlaceTask(
                    str(path), original.start, original.length, pages, citation.quote, citation.before, citation.after
                )
                placed = self._parser.place(task)
        except NotFound:
            return replace(citation, notice=_GONE)
        if isinstance(placed, Failed):
            return replace(citation, notice=placed.message)
        if not placed.rectangles:
            return replace(citation, notice=placed.notice)
        seen = [one.page for one in placed.rectangles]
        stored = replace(citation.stored, page=min(seen))
        return replace(citation, stored=stored, page_end=max(seen), rectangles=placed.rectangles)


def utf16_length(text: str) -> int:
    """In code units: what a browser counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _check(start: int, end: int, length: int) -> None:
    if start >= end:
        raise InvalidInput("end must be greater than start.", field="end")
    if end - start > MAX_SPAN:
        raise InvalidInput(f"A citation may span {MAX_SPAN:,} characters at most.", field="end")
    if start >= length:
        raise InvalidInput(f"The version's text ends at {length:,}: start must be smaller.", field="start")
    if end > length:
        raise InvalidInput(f"The version's text ends at {length:,}: end must not be greater.", field="end")
