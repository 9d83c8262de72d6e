"""Words of a page with their boxes, by pdfium's raw API: two calls a word, none a character."""

import ctypes
import re
from dataclasses import dataclass

import pypdfium2.raw as pdfium_c

# pdfium writes U+FFFE (older: U+0002) for a hyphen at a line's end and drops the line break after it.
LINE_HYPHEN = "\ufffe"
_TOKEN = re.compile(r"(\r?\n)|([^\s\ufffe\x02]+[\ufffe\x02]?)|[\ufffe\x02]")
_BOLD_WEIGHT = 600
_HYPHENS = "\ufffe\x02"
_Box = tuple[float, float, float, float]  # left, top, right, bottom with y upwards, as pdfium gives it
_Found = tuple[str, _Box, _Box, bool]


@dataclass(slots=True)
class Word:
    """One word; points from the page's top left corner after turning sideways text upright."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    bold: bool = False

    @property
    def height(self) -> float:
        return self.bottom - self.top


def page_text(text_page: pdfium_c.FPDF_TEXTPAGE) -> str:
    """The page's text with exactly one Python character for each character index of pdfium."""
    count = pdfium_c.FPDFText_CountChars(text_page)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count * 2 + 2))()
    written = pdfium_c.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: max(written - 1, 0) * 2].decode("utf-16-le", "replace")
    if len(text) == count:
        return text
    # Non-BMP characters or dropped ones: the indices no longer agree, so ask one by one.
    codes = (pdfium_c.FPDFText_GetUnicode(text_page, index) for index in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 else " " for code in codes)


def page_words(text_page: pdfium_c.FPDF_TEXTPAGE, text: str) -> list[Word]:
    """Words in the order of the content stream, upright; a line counts as bold if its first and last word are."""
    boxes: list[_Found] = []
    box = pdfium_c.FS_RECTF()
    bold, line_start, last_index = False, 0, -1
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match.group(1) or (last_index >= 0 and text[last_index] in _HYPHENS):
            _settle(text_page, boxes, line_start, last_index)
            line_start, last_index = len(boxes), -1
            if match.group(1):
                continue
        if last_index < 0:
            bold = _is_bold(text_page, start)
        span = _word_box(text_page, box, start, end)
        if span is not None:
            boxes.append((match.group(0).replace("\x02", LINE_HYPHEN), *span, bold))
            last_index = end - 1
    _settle(text_page, boxes, line_start, last_index)
    turn = _turn(boxes)
    return [_upright(entry, turn) for entry in boxes]


def _word_box(
    text_page: pdfium_c.FPDF_TEXTPAGE, box: pdfium_c.FS_RECTF, start: int, end: int
) -> tuple[_Box, _Box] | None:
    """The boxes of the first and the last character; a hyphen added by pdfium has none of its own."""
    reference = ctypes.byref(box)
    if not pdfium_c.FPDFText_GetLooseCharBox(text_page, start, reference):
        return None
    first = last = (box.left, box.top, box.right, box.bottom)
    for index in range(end - 1, max(end - 3, start), -1):
        if pdfium_c.FPDFText_GetLooseCharBox(text_page, index, reference) and box.left != box.right:
            last = (box.left, box.top, box.right, box.bottom)
            break
    return first, last


def _settle(text_page: pdfium_c.FPDF_TEXTPAGE, boxes: list[_Found], start: int, last_index: int) -> None:
    if start < len(boxes) and last_index >= 0 and boxes[start][3] and not _is_bold(text_page, last_index):
        boxes[start:] = [(text, first, last, False) for text, first, last, _ in boxes[start:]]


def _is_bold(text_page: pdfium_c.FPDF_TEXTPAGE, index: int) -> bool:
    if pdfium_c.FPDFText_GetFontWeight(text_page, index) >= _BOLD_WEIGHT:
        return True
    name = ctypes.create_string_buffer(96)
    flags = ctypes.c_int()
    pdfium_c.FPDFText_GetFontInfo(text_page, index, name, 96, ctypes.byref(flags))
    lowered = name.value.lower()
    return b"bold" in lowered or b"black" in lowered or b"-bd" in lowered or b"heavy" in lowered


def _turn(boxes: list[_Found]) -> int:
    """Quarter turns that most of the page's words run in: 0, 1 (upwards), 2 (upside down) or 3 (downwards)."""
    votes = [0, 0, 0, 0]
    for text, first, last, _ in boxes[:400]:
        if len(text) < 3:
            continue
        dx, dy = last[0] - first[0], last[1] - first[1]
        if abs(dy) > abs(dx):
            votes[1 if dy > 0 else 3] += 1
        else:
            votes[0 if dx >= 0 else 2] += 1
    return votes.index(max(votes))


def _upright(entry: _Found, turn: int) -> Word:
    text, (a_left, a_top, a_right, a_bottom), (b_left, b_top, b_right, b_bottom), bold = entry
    left, right = min(a_left, b_left), max(a_right, b_right)
    low, high = min(a_bottom, b_bottom), max(a_top, b_top)
    if turn == 0:
        return Word(text, left, -high, right, -low, bold)
    if turn == 1:
        return Word(text, low, left, high, right, bold)
    if turn == 2:
        return Word(text, -right, low, -left, high, bold)
    return Word(text, -high, -right, -low, -left, bold)
