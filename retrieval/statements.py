"""What a passage states: sentences, items, rows and code, each with what it needs to be understood."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.pipe_rows import cells, is_row, is_rule
from core.sentences import sentences_within
from retrieval.blocks import blocks_of
from retrieval.passages import Block, BlockKind, Passage

_STEP = re.compile(r"\(?\d{1,2}[.)]\s")
QUESTION_LEVEL = 7  # a question that stands alone heads what follows it, below every heading


class StatementKind(StrEnum):
    SENTENCE = "sentence"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Statement:
    """`content[start:end]` of its passage. `headings` stand above it, outermost first; `place` counts from the nearest
    one; `block` numbers the passage's parts (the sentences of a paragraph, the rows of a table have one number)."""

    passage: Passage
    kind: StatementKind
    start: int
    end: int
    block: int
    place: int
    headings: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # rows: of the columns, "" where one has none
    cells: tuple[str, ...] = ()  # rows: as many as names

    @property
    def text(self) -> str:
        return self.passage.stored.content[self.start : self.end]

    @property
    def is_step(self) -> bool:
        """A sentence of an enumeration in running text: “2. Wait.”"""
        return self.kind is StatementKind.SENTENCE and _STEP.match(self.text) is not None


def statements_of(passage: Passage) -> list[Statement]:
    """In the order of the text; headings are none."""
    found: list[Statement] = []
    headings = _Headings(passage.stored.heading_path)
    for number, block in enumerate(blocks_of(passage.stored)):
        text = passage.stored.content[block.start : block.end].strip()
        if block.kind is BlockKind.HEADING:
            headings.add(text.lstrip("# "), block.level)
        elif block.kind in (BlockKind.PARAGRAPH, BlockKind.NOTE) and _is_question(text):
            headings.add(text, QUESTION_LEVEL)
        else:
            for kind, start, end, names, values in _parts(passage.stored.content, block):
                path, place = headings.above()
                found.append(Statement(passage, kind, start, end, number, place, path, names, values))
    return found


_Part = tuple[StatementKind, int, int, tuple[str, ...], tuple[str, ...]]


class _Headings:
    """What stands above; counts the statements below the nearest."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path, self._own, self._place = path, list[tuple[int, str]](), 0

    def add(self, text: str, level: int) -> None:
        while self._own and self._own[-1][0] >= level:
            self._own.pop()
        self._own.append((level, text))
        self._place = 0

    def above(self) -> tuple[tuple[str, ...], int]:
        own = tuple(text for _, text in self._own if text not in self._path)
        self._place += 1
        return (*self._path, *own), self._place - 1


def _is_question(text: str) -> bool:
    return text.endswith(("?", "？", "؟")) and len(sentences_within(text, 0, len(text))) == 1


def _parts(content: str, block: Block) -> Iterator[_Part]:
    if block.kind is BlockKind.TABLE:
        yield from _rows(content, block)
    elif block.kind is BlockKind.ROW:
        names, values = _record(content[block.start : block.end])
        yield StatementKind.ROW, block.start, block.end, names, values
    elif block.kind in (BlockKind.LIST_ITEM, BlockKind.CODE):
        kind = StatementKind.ITEM if block.kind is BlockKind.LIST_ITEM else StatementKind.CODE
        yield kind, *_trimmed(content, block.start, block.end), (), ()
    else:
        for one in sentences_within(content, block.start, block.end):
            yield StatementKind.SENTENCE, one.start, one.end, (), ()


def _rows(content: str, block: Block) -> Iterator[_Part]:
    """The rows below the header. A piece of a row, whose table was cut inside it, has no columns."""
    start = block.body if block.names else block.start
    while start < block.end:
        stop = content.find("\n", start, block.end)
        stop = block.end if stop < 0 else stop
        line = content[start:stop]
        if line.strip() and not is_rule(line):
            values = tuple(cells(line)) if is_row(line) else ()
            names = block.names if len(block.names) == len(values) else ("",) * len(values)
            yield StatementKind.ROW, *_trimmed(content, start, stop), names, values
        start = stop + 1


def _record(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and values of “Name: Ada; Born: 1815”."""
    pairs = [part.partition(": ") for part in text.strip().split("; ")]
    return tuple(name if mark else "" for name, mark, _ in pairs), tuple(
        value.strip() if mark else name.strip() for name, mark, value in pairs
    )


def _trimmed(content: str, start: int, end: int) -> tuple[int, int]:
    text = content[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
