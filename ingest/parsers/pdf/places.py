"""Where words stand on their pages: one rectangle a line, for a reader to mark.

The text that was read is not the page's own any more: blocks are in reading order, tables have bars, words that were
cut at a line's end are whole. So only letters and digits are compared, first in the order of the file, then by lines.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, count, takewhile

import pypdfium2 as pdfium

from ingest.elements import Rectangle
from ingest.parsers.pdf.boxes import OpenPage, rectangles

MAX_PAGES = 12  # that one quote may stand on
MAX_FOUND = 500  # of the same words
ENOUGH = 0.7  # of a quote's letters: footers stand between its pages, cells in another order
STRAY_WORDS = 60  # between parts of one quote, for footers and headers
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class _Word:
    """`places` are the characters of the page's text that its letters come from."""

    page: int
    start: int
    end: int
    letters: str
    places: tuple[int, ...]


# of a word the characters from … to
_Mark = tuple[int, int, int]


def find_places(
    document: pdfium.PdfDocument, pages: Sequence[int], quote: str, before: str, after: str
) -> tuple[list[Rectangle], bool]:
    """Rectangles of `quote` on or across the 1-based `pages`, none where it is not found; and whether they have text.

    `before` and `after` tell apart what stands there several times.
    """
    opened = [OpenPage(document, number) for number in pages[:MAX_PAGES] if 0 < number <= len(document)]
    try:
        words = [word for number, page in enumerate(opened) for word in _words(number, page.text)]
        for order in (_as_written, _by_lines):
            ordered = order(words, opened)
            marks = _marks(ordered, quote, before, after)
            if marks:
                spans = [(number, opened[ordered[number].page], start, end) for number, start, end in marks]
                return rectangles(spans), True
        return [], bool(words)
    finally:
        for page in opened:
            page.close()


def folded(text: str) -> tuple[str, list[int]]:
    """Letters and digits without case, marks and ligatures, and the character that each comes from."""
    letters: list[str] = []
    places: list[int] = []
    for place, one in enumerate(text):
        plain = one.casefold() if one.isascii() else unicodedata.normalize("NFKD", one).casefold()
        for letter in filter(str.isalnum, plain):
            letters.append(letter)
            places.append(place)
    return "".join(letters), places


def _words(page: int, text: str) -> Iterator[_Word]:
    for match in _WORD.finditer(text):
        letters, places = folded(match.group())
        if letters:
            start = match.start()
            yield _Word(page, start, match.end(), letters, tuple(start + place for place in places))


def _as_written(words: list[_Word], _pages: list[OpenPage]) -> list[_Word]:
    return words


def _by_lines(words: list[_Word], pages: list[OpenPage]) -> list[_Word]:
    """Across the page, line by line: tables whose file draws a column at a time."""
    placed = [(word, box) for word in words if (box := pages[word.page].box(word.start)) is not None]
    placed.sort(key=lambda one: (one[0].page, -one[1].middle))
    lines: list[list[tuple[_Word, float]]] = []
    last: tuple[int, float] | None = None
    for word, box in placed:
        if last is None or last[0] != word.page or last[1] - box.middle > box.height / 2:
            lines.append([])
            last = (word.page, box.middle)
        lines[-1].append((word, box.left))
    return [word for line in lines for word, _ in sorted(line, key=lambda one: one[1])]


def _marks(words: list[_Word], quote: str, before: str, after: str) -> list[_Mark]:
    wanted = folded(quote)[0]
    if not wanted or not words:
        return []
    return _exact(words, wanted, folded(before)[0], folded(after)[0]) or _in_parts(words, quote, len(wanted))


def _exact(words: list[_Word], wanted: str, before: str, after: str) -> list[_Mark]:
    """Where the letters stand in one piece: of several, where its neighbours are the quote's, then whole words."""
    stream = "".join(word.letters for word in words)
    begins = list(accumulate((len(word.letters) for word in words), initial=0))
    edges = set(begins)

    def likeness(at: int) -> tuple[int, int]:
        end = at + len(wanted)
        front = _shared(reversed(before), reversed(stream[max(0, at - len(before)) : at]))
        return front + _shared(after, stream[end : end + len(after)]), (at in edges) + (end in edges)

    found: list[int] = []
    for _ in range(MAX_FOUND):
        at = stream.find(wanted, found[-1] + 1 if found else 0)
        if at < 0:
            break
        found.append(at)
    if not found:
        return []
    best = max(found, key=likeness)
    return [
        _mark(number, word, max(best - begin, 0), min(best + len(wanted) - begin, len(word.letters)))
        for number, word, begin in zip(count(), words, begins, strict=False)
        if begin < best + len(wanted) and begin + len(word.letters) > best
    ]


def _shared(one: Iterable[str], other: Iterable[str]) -> int:
    """How many letters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _in_parts(words: list[_Word], quote: str, letters: int) -> list[_Mark]:
    """Where most of its words stand in its order, little between them."""
    wanted = [one for one in (folded(match.group())[0] for match in _WORD.finditer(quote)) if one]
    matcher = SequenceMatcher(None, [word.letters for word in words], wanted, autojunk=False)
    parts = [(block.a, block.a + block.size) for block in matcher.get_matching_blocks() if block.size]
    if not parts:
        return []
    core = max(range(len(parts)), key=lambda one: sum(len(words[n].letters) for n in range(*parts[one])))
    first = last = core
    while first > 0 and parts[first][0] - parts[first - 1][1] <= STRAY_WORDS:
        first -= 1
    while last + 1 < len(parts) and parts[last + 1][0] - parts[last][1] <= STRAY_WORDS:
        last += 1
    kept = [number for part in parts[first : last + 1] for number in range(*part)]
    if sum(len(words[number].letters) for number in kept) < ENOUGH * letters:
        return []
    return [(number, words[number].start, words[number].end) for number in kept]


def _mark(number: int, word: _Word, first: int, last: int) -> _Mark:
    """Letters `first` to `last` of a word; with its marks of punctuation where it is a whole one."""
    start = word.start if first == 0 else word.places[first]
    return number, start, word.end if last == len(word.letters) else word.places[last - 1] + 1
