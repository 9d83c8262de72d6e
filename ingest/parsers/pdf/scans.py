"""Pages that have pictures or unreadable fonts instead of text."""

import ctypes
import time
from collections.abc import Callable

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.builder import DocumentBuilder
from ingest.parsers.ocr import DPI, MAX_PIXELS, OcrOptions, recognise, tesseract
from ingest.parsers.pdf.spans import spans

_MIN_PATHS = 30  # text drawn as outlines takes many paths, a ruled frame few
_MAX_OBJECTS = 2000


def has_picture(page: pdfium.PdfPage) -> bool:
    """Whether anything on a page without text might be text to the eye."""
    paths = 0
    for index in range(min(pdfium_c.FPDFPage_CountObjects(page), _MAX_OBJECTS)):
        kind = pdfium_c.FPDFPageObj_GetType(pdfium_c.FPDFPage_GetObject(page, index))
        if kind in (pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_FORM, pdfium_c.FPDF_PAGEOBJ_SHADING):
            return True
        paths += kind == pdfium_c.FPDF_PAGEOBJ_PATH
    return paths >= _MIN_PATHS


class ScanReader:
    """Recognises pages within the document's budget and says in notes what was not read."""

    def __init__(
        self, builder: DocumentBuilder, options: OcrOptions, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._builder, self._options, self._clock = builder, options, clock
        self._read, self._spent = 0, 0.0
        self._unread: dict[str, list[int]] = {}
        self.seen = 0

    def read(self, page: pdfium.PdfPage, number: int, *, why: str) -> str:
        """The page's recognised text; empty where there is none, or no budget. `why` begins the note about that."""
        self.seen += 1
        left = self._options.document_s - self._spent
        if tesseract() is None:
            advice = "Install tesseract on the server and process the document again."
        elif self._read >= self._options.max_pages:
            advice = f"Only {self._options.max_pages} pages of a document are recognised: split the file."
        elif left <= 0:
            advice = f"Recognition stops after {self._options.document_s:.0f} s a document: split the file."
        else:
            began = self._clock()
            text = recognise(*_grey(page), self._options, min(left, self._options.timeout_s))
            self._read, self._spent = self._read + 1, self._spent + self._clock() - began
            if text is not None:
                return text.strip()
            advice = "Recognition failed or took too long: scan them again, straight and in black and white."
        self._unread.setdefault(f"{why} and not read: {{}}. {advice}", []).append(number)
        return ""

    def say(self) -> None:
        """One note for each reason, however many pages."""
        self._builder.notes.extend(note.format(", ".join(spans(pages))) for note, pages in self._unread.items())


def _grey(page: pdfium.PdfPage) -> tuple[bytes, int, int]:
    width, height = page.get_size()
    scale = min(DPI / 72, (MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    raw = ctypes.string_at(bitmap.buffer, bitmap.stride * bitmap.height)
    rows = (raw[start : start + bitmap.width] for start in range(0, len(raw), bitmap.stride))
    return b"".join(rows), bitmap.width, bitmap.height
