"""Boxes of characters on a page, and what a viewer draws of them: lines, from the top left of the page as shown."""

import ctypes
import math
from collections.abc import Iterable
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.elements import Rectangle
from ingest.parsers.pdf.words import in_reading_order, page_text

MAX_RECTANGLES = 400
_SCALE = 64  # pdfium places on a screen in whole pixels
_SHARED = 0.5  # of the lower one's height, on one line
_GAP = 3.0  # heights between words of one line: farther apart are cells, columns


@dataclass(frozen=True, slots=True)
class Box:
    """In the page's own space: y upwards, not turned."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    @property
    def height(self) -> float:
        return self.top - self.bottom

    def with_(self, other: "Box") -> "Box":
        low, high = min(self.bottom, other.bottom), max(self.top, other.top)
        return Box(min(self.left, other.left), low, max(self.right, other.right), high)


class OpenPage:
    """A page and its text; `number` is 1-based. A page that is damaged has no text."""

    def __init__(self, document: pdfium.PdfDocument, number: int) -> None:
        self.number, self.text = number, ""
        self._page: pdfium.PdfPage | None = None
        self._text_page: pdfium_c.FPDF_TEXTPAGE | None = None
        try:
            self._page = document[number - 1]
        except pdfium.PdfiumError:
            return
        self._text_page = pdfium_c.FPDFText_LoadPage(self._page)
        if self._text_page:
            self.text = in_reading_order(self._text_page, page_text(self._text_page))

    def box(self, index: int) -> Box | None:
        """Of a character as high as its line; None where it is drawn as nothing."""
        found = pdfium_c.FS_RECTF()
        if not pdfium_c.FPDFText_GetLooseCharBox(self._text_page, index, ctypes.byref(found)):
            return None
        box = Box(found.left, min(found.bottom, found.top), found.right, max(found.bottom, found.top))
        return box if box.right > box.left and box.height > 0 else None

    def runs_upwards(self, index: int) -> bool:
        """Or downwards: its line is a column in the page's own space."""
        return abs(math.sin(pdfium_c.FPDFText_GetCharAngle(self._text_page, index))) > math.sqrt(0.5)

    def shown(self, box: Box) -> Rectangle:
        """As a viewer draws it."""
        assert self._page is not None
        width, height = self._page.get_size()
        corners = [self._on_screen(x, y, width, height) for x, y in ((box.left, box.bottom), (box.right, box.top))]
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
        left, top, right, bottom = max(x0, 0.0), max(y0, 0.0), min(x1, width), min(y1, height)
        sizes = (left, top, max(right - left, 0.0), max(bottom - top, 0.0), width, height)
        return Rectangle(self.number, *(round(size, 2) for size in sizes))

    def _on_screen(self, x: float, y: float, width: float, height: float) -> tuple[float, float]:
        across, down, wide, high = ctypes.c_int(), ctypes.c_int(), int(width * _SCALE), int(height * _SCALE)
        pdfium_c.FPDF_PageToDevice(
            self._page, 0, 0, wide, high, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )  # fmt: skip
        return across.value * width / wide, down.value * height / high

    def close(self) -> None:
        if self._text_page:
            pdfium_c.FPDFText_ClosePage(self._text_page)
        if self._page is not None:
            self._page.close()


def rectangles(spans: Iterable[tuple[int, OpenPage, int, int]]) -> list[Rectangle]:
    """One a line, or a cell, of what follows each other.

    Spans are (number of the word, page, first character, the one after the last).
    """
    lines: list[tuple[OpenPage, Box]] = []
    before = (-2, False)
    for number, page, start, end in spans:
        upwards = page.runs_upwards(start)
        follows = before in ((number - 1, upwards), (number, upwards))
        for index in range(start, end):
            box = page.box(index)
            if box is None:
                continue
            if follows and lines and lines[-1][0] is page and _on_one_line(lines[-1][1], box, upwards=upwards):
                lines[-1] = (page, lines[-1][1].with_(box))
            else:
                lines.append((page, box))
            follows = True
        before = (number, upwards)
    shown = [page.shown(box) for page, box in lines[:MAX_RECTANGLES]]
    return [one for one in shown if one.width > 0 and one.height > 0]  # a page may have words beyond its edge


def _on_one_line(line: Box, box: Box, *, upwards: bool) -> bool:
    if upwards:
        line, box = (Box(one.bottom, one.left, one.top, one.right) for one in (line, box))
    shared = min(line.top, box.top) - max(line.bottom, box.bottom)
    gap = max(box.left - line.right, line.left - box.right)
    return shared >= _SHARED * min(line.height, box.height) and gap <= _GAP * line.height
