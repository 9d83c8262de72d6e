"""Opens a PDF, reads its pages, and writes them into the builder."""

from dataclasses import dataclass, field

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ElementKind, ParsedDocument
from ingest.parsers.ocr import OcrOptions, tesseract
from ingest.parsers.pdf.annotations import annotation_texts
from ingest.parsers.pdf.blocks import add_page, fold, style_of
from ingest.parsers.pdf.fallback import parse_with_pypdf
from ingest.parsers.pdf.furniture import repeated, without_furniture
from ingest.parsers.pdf.garbled import is_garbled
from ingest.parsers.pdf.hyphens import vocabulary
from ingest.parsers.pdf.rows import Cell, runs
from ingest.parsers.pdf.scans import ScanReader, has_picture
from ingest.parsers.pdf.spans import spans
from ingest.parsers.pdf.words import in_reading_order, page_text, page_words
from ingest.parsers.titles import sensible_title

_MIN_CHARS = 12  # fewer on a page with a picture: a page number or a stamp over a scan
MAX_PAGES = 10_000  # a kilobyte can claim 100,000 of them by a shared page tree
SCANNED = "Scanned"
GARBLED = "Without readable fonts"
_METADATA = {"Author": "author", "CreationDate": "created", "ModDate": "modified", "Subject": "subject"}


@dataclass(slots=True)
class _Pages:
    """What was read, by page: cells with geometry, text that runs another way, recognised and added text."""

    cells: list[list[Cell]] = field(default_factory=list)
    sideways: dict[int, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    recognised: dict[int, str] = field(default_factory=dict)
    added: dict[int, list[str]] = field(default_factory=dict)
    garbled: bool = False


def parse_pdf(data: bytes, _name: str, ocr: OcrOptions | None = None) -> ParsedDocument:
    """Text in reading order with 1-based pages.

    Raises DocumentError: PDF_ENCRYPTED, PDF_BROKEN, PDF_NO_TEXT, GARBLED_TEXT.
    """
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:  # its reason may be the one of the file before: pypdf finds out
        return parse_with_pypdf(data)
    try:
        if len(document) == 0:
            return parse_with_pypdf(data)
        return _parse(document, ocr or OcrOptions())
    finally:
        document.close()


def _parse(document: pdfium.PdfDocument, options: OcrOptions) -> ParsedDocument:
    builder = DocumentBuilder()
    builder.page_count = len(document)
    scans = ScanReader(builder, options)
    pages = _read(document, builder, scans)
    _write(builder, pages, _outline(document))
    _describe(builder, document)
    if builder.length == 0:
        _raise_without_text(scans, garbled=pages.garbled)
    return builder.build()


def _read(document: pdfium.PdfDocument, builder: DocumentBuilder, scans: ScanReader) -> _Pages:
    pages, damaged = _Pages(), list[int]()
    for index in range(min(len(document), MAX_PAGES)):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            damaged.append(index + 1)
            pages.cells.append([])
            continue
        text, cells, sideways = _page(page)
        pages.sideways[index] = sideways
        pages.texts.append(text)
        if is_garbled(text):
            cells, pages.sideways[index], pages.texts[-1] = [], "", ""
            pages.recognised[index] = scans.read(page, index + 1, why=GARBLED)
            pages.garbled = True
        elif len("".join(text.split())) < _MIN_CHARS and has_picture(page):
            pages.recognised[index] = scans.read(page, index + 1, why=SCANNED)
        pages.added[index] = annotation_texts(page)
        pages.cells.append(cells)
        page.close()
    scans.say()
    builder.notes.extend(f"Damaged and not read: {span}." for span in spans(damaged))
    if len(document) > MAX_PAGES:
        builder.notes.append(f"Only the first {MAX_PAGES:,} of {len(document):,} pages were read: split the file.")
    return pages


def _page(page: pdfium.PdfPage) -> tuple[str, list[Cell], str]:
    text_page = pdfium_c.FPDFText_LoadPage(page)
    if not text_page:
        return "", [], ""
    try:
        text = page_text(text_page)
        text = in_reading_order(text_page, text)
        words, sideways = page_words(text_page, text)
        return text, runs(words), sideways
    finally:
        pdfium_c.FPDFText_ClosePage(text_page)


def _write(builder: DocumentBuilder, pages: _Pages, outline: dict[tuple[int, str], int]) -> None:
    style = style_of(pages.cells, vocabulary(pages.texts), outline)
    keys = repeated(pages.cells)
    for index, cells in enumerate(pages.cells):
        if cells:
            add_page(builder, without_furniture(cells, keys), index + 1, style)
        builder.paragraph(pages.sideways.get(index, ""), page=index + 1)
        for paragraph in pages.recognised.get(index, "").split("\n\n"):
            builder.paragraph(" ".join(paragraph.split()), page=index + 1)
        for text in pages.added.get(index, []):
            builder.note(text, page=index + 1)


def _outline(document: pdfium.PdfDocument) -> dict[tuple[int, str], int]:
    """Bookmarks as (page, folded title) to heading level."""
    found: dict[tuple[int, str], int] = {}
    try:
        for mark in document.get_toc(max_depth=6):
            target = mark.get_dest()
            index = target.get_index() if target else None
            title = fold(mark.get_title() or "")
            if index is not None and len(title) > 3:
                found[(index + 1, title)] = min(mark.level + 1, 6)
    except (pdfium.PdfiumError, ValueError, UnicodeDecodeError):
        return found  # a damaged outline only costs heading levels
    return found


def _describe(builder: DocumentBuilder, document: pdfium.PdfDocument) -> None:
    try:
        raw: dict[str, str] = document.get_metadata_dict(skip_empty=True)
    except (pdfium.PdfiumError, UnicodeDecodeError):
        raw = {}
    builder.metadata.update({key: raw[field] for field, key in _METADATA.items() if field in raw})
    builder.title = sensible_title(raw.get("Title")) or _first_heading(builder)


def _first_heading(builder: DocumentBuilder) -> str | None:
    parsed = builder.build()
    first = [item for item in parsed.elements[:60] if item.kind is ElementKind.HEADING and (item.page or 1) <= 2]
    for element in sorted(first, key=lambda item: item.level):
        title = sensible_title(parsed.text[element.start : element.end])
        if title:
            return title
    return None


def _raise_without_text(scans: ScanReader, *, garbled: bool) -> None:
    if garbled:
        message = (
            "The fonts of this PDF do not say which letters they draw, so that its text comes out as garbage. Upload "
            "the file it was made from, or let a program with text recognition make a new PDF of it."
        )
        raise DocumentError(message, code="GARBLED_TEXT", retryable=tesseract() is None)
    if scans.seen and tesseract() is None:
        message = "This PDF holds only scanned pages. Install tesseract on the server, or upload a version with text."
        raise DocumentError(message, code="PDF_NO_TEXT", retryable=True)
    message = (
        "No text was found in this PDF: its pages are empty, or are pictures in which none could be recognised. Upload "
        "the file it was made from, or scan it again."
    )
    raise DocumentError(message, code="PDF_NO_TEXT")
