"""Words of a page with their boxes, by pdfium's raw API: two calls a word, none a character."""

import ctypes
import re
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pypdfium2.raw as pdfium_c

# pdfium writes U+FFFE (older: U+0002) for a hyphen at a line's end and drops the line break after it.
LINE_HYPHEN = "\ufffe"
_TOKEN = re.compile(r"(\r?\n)|([^\s\ufffe\x02]+[\ufffe\x02]?)|[\ufffe\x02]")
LEFTWARDS = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")  # Hebrew, Arabic and their kin
# pdfium drops the space where the direction turns (“وPython”): there a word ends.
_TURN = r"(?:(?<=[A-Za-z0-9])(?=[\u0590-\u08ff])|(?<=[\u0590-\u08ff])(?=[A-Za-z]))"
_MIXED_TOKEN = re.compile(rf"(\r?\n)|((?:[^\s\ufffe\x02](?!{_TURN}))*[^\s\ufffe\x02][\ufffe\x02]?)|[\ufffe\x02]")
_LAM_ALEF = re.compile("[آأإٱا]ل")
_BOLD_WEIGHT = 600
_HYPHENS = "\ufffe\x02"
_BOLD_NAME = re.compile(rb"(?i)bold|black|heavy|-bd")
# left, top, right, bottom with y upwards, as pdfium gives it
_Box = tuple[float, float, float, float]
_Found = tuple[str, _Box, _Box, bool]  # the boxes of the first and the last character
_read_box: Callable[[object], _Box] = struct.Struct("4f").unpack_from  # type: ignore[assignment]  # 4 floats it is


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


def in_reading_order(text_page: pdfium_c.FPDF_TEXTPAGE, text: str) -> str:
    """Lam before alef where both are one glyph: pdfium turns lines round, and the letters of a ligature with them."""
    box = pdfium_c.FS_RECTF()

    def place(index: int) -> _Box | None:
        found = pdfium_c.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box))
        return _read_box(box) if found else None

    def turned(match: re.Match[str]) -> str:
        first = place(match.start())
        return match.group()[::-1] if first is not None and first == place(match.start() + 1) else match.group()

    return _LAM_ALEF.sub(turned, text)


def page_words(text_page: pdfium_c.FPDF_TEXTPAGE, text: str) -> tuple[list[Word], str]:
    """Words in the order of the content stream, upright, and apart from them the text that runs another way.

    A line counts as bold if its first and its last word are.
    """
    found: list[_Found] = []
    box = pdfium_c.FS_RECTF()
    reference, get_box = ctypes.byref(box), pdfium_c.FPDFText_GetLooseCharBox
    bold, line_start, last_index = False, 0, -1
    for match in (_MIXED_TOKEN if LEFTWARDS.search(text) else _TOKEN).finditer(text):
        token, (start, end) = match.group(), match.span()
        if token[0] in "\r\n" or (last_index >= 0 and text[last_index] in _HYPHENS):
            _settle(text_page, found, line_start, last_index)
            line_start, last_index = len(found), -1
            if token[0] in "\r\n":
                continue
        if last_index < 0:
            bold = _is_bold(text_page, start)
        if not get_box(text_page, start, reference):
            continue
        first = last = _read_box(box)
        # The hyphen that pdfium adds at a line's end has an empty box: then the character before it counts.
        if end - start > 1 and get_box(text_page, end - 1, reference):
            last = _read_box(box)
            if last[0] == last[2] and end - start > 2 and get_box(text_page, end - 2, reference):
                last = _read_box(box)
        found.append((token, first, last, bold))
        last_index = end - 1
    _settle(text_page, found, line_start, last_index)
    return _split(found)


def _direction(token: str, dx: float, dy: float) -> int:
    """Quarter turns: 0 to the right, 1 upwards, 2 to the left, 3 downwards, -1 unknown (one character).

    Words that are written from right to left run to the left on an upright page.
    """
    if dx == 0 and dy == 0:
        return -1
    if not token.isascii() and LEFTWARDS.search(token):
        dx, dy = abs(dx), -dy
    if abs(dy) > abs(dx):
        return 1 if dy > 0 else 3
    return 0 if dx > 0 else 2


def _settle(text_page: pdfium_c.FPDF_TEXTPAGE, found: list[_Found], start: int, last_index: int) -> None:
    if start < len(found) and last_index >= 0 and found[start][3] and not _is_bold(text_page, last_index):
        found[start:] = [(*entry[:3], False) for entry in found[start:]]


def _is_bold(text_page: pdfium_c.FPDF_TEXTPAGE, index: int) -> bool:
    if pdfium_c.FPDFText_GetFontWeight(text_page, index) >= _BOLD_WEIGHT:
        return True
    name = ctypes.create_string_buffer(96)
    pdfium_c.FPDFText_GetFontInfo(text_page, index, name, 96, ctypes.byref(ctypes.c_int()))
    return _BOLD_NAME.search(name.value) is not None


def _split(found: list[_Found]) -> tuple[list[Word], str]:
    """The page's own direction wins; a stamp along its margin must not cut its lines."""
    directions = [_direction(token, last[0] - first[0], last[3] - first[3]) for token, first, last, _ in found]
    votes = Counter(directions)
    votes.pop(-1, None)
    rotation = votes.most_common(1)[0][0] if votes else 0
    upright: list[Word] = []
    sideways: list[str] = []
    current = rotation
    for entry, direction in zip(found, directions, strict=True):
        current = direction if direction >= 0 else current
        if current == rotation:
            upright.append(_upright(entry, rotation))
        else:
            sideways.append(entry[0])
    return upright, " ".join(sideways)


def _upright(entry: _Found, rotation: int) -> Word:
    text, (left, top, right, bottom), (end_left, end_top, end_right, end_bottom), bold = entry
    if text[-1] == "\x02":
        text = text[:-1] + LINE_HYPHEN
    left, right = left if left < end_left else end_left, right if right > end_right else end_right
    low, high = bottom if bottom < end_bottom else end_bottom, top if top > end_top else end_top
    if rotation == 0:
        return Word(text, left, -high, right, -low, bold)
    if rotation == 1:
        return Word(text, low, left, high, right, bold)
    if rotation == 2:
        return Word(text, -right, low, -left, high, bold)
    return Word(text, -high, -right, -low, -left, bold)
