"""Units: elements, or pieces of those too long for one chunk, cut where their kind allows it."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.embedding.protocol import Tokenizer
from core.sentences import sentences
from ingest.chunking.budget import CHARACTERS_PER_TOKEN, ChunkBudget, weigh
from ingest.elements import Element, ElementKind, ParsedDocument

Span = tuple[int, int]
_BY_LINE = (ElementKind.TABLE, ElementKind.CODE, ElementKind.ROW)


@dataclass(frozen=True, slots=True)
class Unit:
    """A span of the text that stays in one chunk. `alone`: a piece of a long element; nothing else joins it."""

    start: int
    end: int
    tokens: int
    element: Element
    alone: bool = False
    context: str = ""

    @property
    def is_heading(self) -> bool:
        return self.element.kind is ElementKind.HEADING


def units_of(document: ParsedDocument, tokenizer: Tokenizer, budget: ChunkBudget) -> Iterator[Unit]:
    """All units in order; one batch counts every element, another the lines or sentences of a long one."""
    text = document.text
    # what is too long by its characters alone is not counted twice: its pieces are
    most = budget.content * CHARACTERS_PER_TOKEN
    counts = tokenizer.count(
        [text[element.start : min(element.end, element.start + most)] for element in document.elements]
    )
    for element, count in zip(document.elements, counts, strict=True):
        tokens = weigh(count, element.end - element.start)
        if tokens <= budget.content:
            yield Unit(element.start, element.end, tokens, element)
        else:
            yield from _Splitter(text, element, tokenizer, budget).units()


class _Splitter:
    """One long element: lines of tables and code, sentences of everything else, tokens as the last resort."""

    def __init__(self, text: str, element: Element, tokenizer: Tokenizer, budget: ChunkBudget) -> None:
        self._text, self._element, self._tokenizer = text, element, tokenizer
        self._context = _header(text, element, tokenizer, budget)
        spent = tokenizer.count([self._context])[0] if self._context else 0
        self._limit = budget.content - spent
        self._overlap = 0 if element.kind in _BY_LINE else min(budget.overlap, budget.content * 15 // 100)

    def units(self) -> Iterator[Unit]:
        pieces = self._small_pieces()
        start = 0
        while start < len(pieces):
            end, tokens = start, 0
            while end < len(pieces) and (end == start or tokens + pieces[end][1] <= self._limit):
                tokens += pieces[end][1]
                end += 1
            first, last = pieces[start][0][0], pieces[end - 1][0][1]
            context = self._context if first > self._element.start else ""
            yield Unit(first, last, tokens, self._element, alone=True, context=context)
            start = self._back(pieces, start, end)

    def _back(self, pieces: Sequence[tuple[Span, int]], start: int, end: int) -> int:
        """Where the next chunk begins: one sentence back where that is short."""
        last = end - 1
        if end < len(pieces) and last > start and pieces[last][1] <= self._overlap:
            return last
        return end

    def _small_pieces(self) -> list[tuple[Span, int]]:
        """Spans that cover the element, each within the limit, with their tokens."""
        spans = list(self._boundaries())
        counts = self._tokenizer.count([self._text[start:end] for start, end in spans])
        pieces: list[tuple[Span, int]] = []
        for span, count in zip(spans, counts, strict=True):
            tokens = weigh(count, span[1] - span[0])
            if tokens <= self._limit:
                pieces.append((span, tokens))
            else:
                pieces.extend(self._by_tokens(span))
        return pieces

    def _boundaries(self) -> Iterator[Span]:
        start, end = self._element.start, self._element.end
        if self._element.kind in _BY_LINE:
            cuts = [start + i + 1 for i, letter in enumerate(self._text[start:end]) if letter == "\n"]
        else:
            cuts = [start + one.start for one in sentences(self._text[start:end])][1:]
        for cut in [*cuts, end]:
            if cut > start:
                yield start, cut
                start = cut

    def _by_tokens(self, span: Span) -> Iterator[tuple[Span, int]]:
        """At token boundaries, before a space where there is one near."""
        begin, (start, end) = span[0], span
        stops = [start + stop for _, stop in self._tokenizer.offsets(self._text[start:end])]
        limit = max(1, self._limit - 2)
        while begin < end:
            first = bisect_right(stops, begin)
            cut = stops[first + limit - 1] if len(stops) - first > limit else end
            cut = min(cut, begin + limit * 8, end)
            space = self._text.rfind(" ", begin + (cut - begin) // 2, cut)
            cut = space + 1 if cut < end and space > begin else cut
            count = self._tokenizer.count([self._text[begin:cut]])[0]
            if count > self._limit and cut - begin > 1:
                cut = begin + max(1, (cut - begin) // 2)
                count = self._tokenizer.count([self._text[begin:cut]])[0]
            yield (begin, cut), weigh(count, cut - begin)
            begin = cut


def _header(text: str, element: Element, tokenizer: Tokenizer, budget: ChunkBudget) -> str:
    """A table's header rows, for the pieces after the first; cut to its share of the budget."""
    if element.kind is not ElementKind.TABLE or element.header_end is None:
        return ""
    header = text[element.start : element.header_end].strip()
    offsets = tokenizer.offsets(header)
    return header if len(offsets) <= budget.context else header[: offsets[budget.context - 1][1]]
