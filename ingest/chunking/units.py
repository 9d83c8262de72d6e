"""Units: elements, or pieces of those too long for one chunk, cut where their kind allows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.embedding.protocol import Tokenizer
from core.sentences import sentences
from ingest.chunking.budget import CHARACTERS_PER_TOKEN, ChunkBudget, weigh
from ingest.elements import Element, ElementKind, ParsedDocument

Span = tuple[int, int]
WINDOW_CHARACTERS = 8  # a token: fewer than `CHARACTERS_PER_TOKEN`, so that no window outweighs its tokens
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
    """All units in order; one batch counts every element, another the lines or sentences of a long one.

    An element that fits alone but not below its headings is split as well: headings never stand without text.
    """
    text = document.text
    # what is too long by its characters alone is not counted twice: its pieces are
    most = budget.content * CHARACTERS_PER_TOKEN
    counts = tokenizer.count(
        [text[element.start : min(element.end, element.start + most)] for element in document.elements]
    )
    above = 0  # tokens of the headings directly above
    for element, count in zip(document.elements, counts, strict=True):
        tokens = weigh(count, element.end - element.start)
        led_by = above if above <= budget.content // 2 else 0
        if tokens + led_by <= budget.content:
            yield Unit(element.start, element.end, tokens, element)
        else:
            yield from _Splitter(text, element, tokenizer, budget).units(led_by)
        above = above + tokens if element.kind is ElementKind.HEADING else 0


class _Splitter:
    """One long element: lines of tables and code, sentences of everything else, tokens as the last resort."""

    def __init__(self, text: str, element: Element, tokenizer: Tokenizer, budget: ChunkBudget) -> None:
        self._text, self._element, self._tokenizer = text, element, tokenizer
        self._context = _header(text, element, tokenizer, budget)
        spent = tokenizer.count([self._context])[0] if self._context else 0
        self._limit = budget.content - spent
        self._overlap = 0 if element.kind in _BY_LINE else min(budget.overlap, budget.content * 15 // 100)

    def units(self, led_by: int) -> Iterator[Unit]:
        """Pieces of about the same size; the first leaves `led_by` tokens for the headings above it."""
        pieces = self._small_pieces()
        total = led_by + sum(tokens for _, tokens in pieces)
        even = -(-total // -(-total // self._limit)) + self._overlap
        start, tokens = 0, led_by
        while start < len(pieces):
            end = start
            while end == start or (end < len(pieces) and tokens < even and tokens + pieces[end][1] <= self._limit):
                tokens += pieces[end][1]
                end += 1
            yield self._unit(pieces[start:end])
            start, tokens = self._back(pieces, start, end), 0

    def _unit(self, pieces: Sequence[tuple[Span, int]]) -> Unit:
        first, last = pieces[0][0][0], pieces[-1][0][1]
        context = self._context if first > self._element.start else ""
        return Unit(first, last, sum(tokens for _, tokens in pieces), self._element, alone=True, context=context)

    def _back(self, pieces: Sequence[tuple[Span, int]], start: int, end: int) -> int:
        """Where the next chunk begins: one sentence back where that is short."""
        last = end - 1
        if end < len(pieces) and last > start and pieces[last][1] <= self._overlap:
            return last
        return end

    def _small_pieces(self) -> list[tuple[Span, int]]:
        """Spans that cover the element, each within the limit, with their tokens: lines, sentences, runs of tokens."""
        whole = (self._element.start, self._element.end)
        if self._element.kind in _BY_LINE:
            return [piece for line in self._weighed(self._lines(whole)) for piece in self._fitted(line)]
        return [piece for one in self._weighed(self._sentences(whole)) for piece in self._cut(one)]

    def _fitted(self, line: tuple[Span, int]) -> Iterator[tuple[Span, int]]:
        if line[1] <= self._limit:
            yield line
        else:
            for sentence in self._weighed(self._sentences(line[0])):
                yield from self._cut(sentence)

    def _cut(self, sentence: tuple[Span, int]) -> Iterator[tuple[Span, int]]:
        if sentence[1] <= self._limit:
            yield sentence
        else:
            yield from self._by_tokens(*sentence[0])

    def _weighed(self, spans: Iterator[Span]) -> Iterator[tuple[Span, int]]:
        found = list(spans)
        counts = self._tokenizer.count([self._text[start:end] for start, end in found])
        for (start, end), count in zip(found, counts, strict=True):
            yield (start, end), weigh(count, end - start)

    def _lines(self, span: Span) -> Iterator[Span]:
        start, end = span
        while start < end:
            cut = self._text.find("\n", start, end) + 1 or end
            yield start, cut
            start = cut

    def _sentences(self, span: Span) -> Iterator[Span]:
        """Without gaps: what stands between two sentences belongs to the first."""
        start, end = span
        for cut in [*(span[0] + one.start for one in sentences(self._text[start:end])), end]:
            if cut > start:
                yield start, cut
                start = cut

    def _by_tokens(self, begin: int, end: int) -> Iterator[tuple[Span, int]]:
        """At token boundaries, before a space where there is one near. A window at a time, so linear in length."""
        limit = max(1, self._limit - 2)
        while begin < end:
            cut = min(end, begin + limit * WINDOW_CHARACTERS)
            offsets = self._tokenizer.offsets(self._text[begin:cut])
            if len(offsets) > limit:
                cut = max(begin + offsets[limit - 1][1], begin + 1)
            space = self._text.rfind(" ", begin + (cut - begin) // 2, cut)
            cut = space + 1 if cut < end and space > begin else cut
            count = self._tokenizer.count([self._text[begin:cut]])[0]
            while count > self._limit and cut - begin > 1:
                cut = begin + (cut - begin) // 2
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
