"""Pages that have pictures or unreadable fonts instead of text."""

import ctypes
import re

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.builder import DocumentBuilder
from ingest.parsers.ocr import DPI, MAX_PIXELS, OcrOptions, recognise, tesseract

_MIN_PATHS = 30  # text drawn as outlines takes many paths, a ruled frame few
_MAX_OBJECTS = 2000
_GARBAGE = re.compile(r"[\ufffd\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]")


def is_garbage(text: str) -> bool:
    """True when a third of the characters have no meaning: a font without a Unicode map (ISO 32000-2 §9.10.2)."""
    solid = "".join(text.split()).replace("\ufffe", "").replace("\x02", "")
    return len(solid) > 20 and len(_GARBAGE.findall(solid)) > len(solid) / 3


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
    """Recognises pages within the document's budget and says in a note what was not read."""

    def __init__(self, builder: DocumentBuilder, options: OcrOptions) -> None:
        self._builder, self._options = builder, options
        self._read = 0
        self.seen = 0

    def read(self, page: pdfium.PdfPage, number: int, *, why: str) -> str:
        """The page's recognised text, empty with a note where there is none. `why` continues "Page 3 …"."""
        self.seen += 1
        if tesseract() is None:
            self._note(f"Page {number} {why} and was not read: install tesseract and process the document again.")
            return ""
        if self._read >= self._options.max_pages:
            limit = self._options.max_pages
            self._note(f"Page {number} {why} and was not read: only {limit} pages of a document are recognised.")
            return ""
        self._read += 1
        text = recognise(*_grey(page), self._options)
        if text is None:
            self._note(f"Page {number} {why} and could not be recognised within {self._options.timeout_s:.0f} s.")
        return (text or "").strip()

    def _note(self, text: str) -> None:
        self._builder.notes.append(text)


def _grey(page: pdfium.PdfPage) -> tuple[bytes, int, int]:
    width, height = page.get_size()
    scale = min(DPI / 72, (MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    raw = ctypes.string_at(bitmap.buffer, bitmap.stride * bitmap.height)
    rows = (raw[start : start + bitmap.width] for start in range(0, len(raw), bitmap.stride))
    return b"".join(rows), bitmap.width, bitmap.height
