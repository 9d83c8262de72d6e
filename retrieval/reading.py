"""What the reader says of the found passages: whether each answers, and with which words.

It reads of each of the first passages an excerpt about its best statement, below the title and the nearest heading.
Reading costs time by the token, and what answers stands among the words that are asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval.passages import Passage
from retrieval.reader.protocol import Reader
from retrieval.statements import Statement

READ_PASSAGES = 6
EXCERPT = 560  # characters, about 130 tokens


@dataclass(frozen=True, slots=True)
class Heard:
    """Of one passage: `relevance` is the log-odds that it answers; `span` the answer's words, `content[start:end]`,
    None where there are none; `margin` how much more the span is worth than none."""

    relevance: float
    span: tuple[int, int] | None
    margin: float


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`content[start:end]` of a passage."""

    passage: Passage
    start: int
    end: int

    @classmethod
    def about(cls, passage: Passage, statements: Sequence[Statement], best: int, limit: int = EXCERPT) -> "Excerpt":
        """Whole ones of its `statements` about number `best`, as many as fit into `limit` characters; all of it if it
        fits."""
        content = passage.stored.content
        if len(content) <= limit or not statements:
            return cls(passage, 0, min(len(content), limit))
        first = last = best
        while True:
            # what follows is more often the answer than what went before: it grows first
            if last + 1 < len(statements) and statements[last + 1].end - statements[first].start <= limit:
                last += 1
            elif first and statements[last].end - statements[first - 1].start <= limit:
                first -= 1
            else:
                break
            if first and statements[last].end - statements[first - 1].start <= limit:
                first -= 1
        start = statements[first].start
        return cls(passage, start, min(statements[last].end, start + limit))

    @property
    def text(self) -> str:
        return self.passage.stored.content[self.start : self.end]

    @property
    def title(self) -> str:
        """The nearest heading first: only the beginning of a title is read."""
        stored = self.passage.stored
        return " – ".join((*stored.heading_path[-1:], stored.title))


def read(reader: Reader, question: str, excerpts: Sequence[Excerpt]) -> Mapping[str, Heard]:
    """By chunk."""
    readings = reader.read(question, [one.text for one in excerpts], [one.title for one in excerpts])
    return {
        one.passage.stored.chunk_id: Heard(
            reading.relevance,
            (one.start + reading.span.start, one.start + reading.span.end) if reading.span else None,
            reading.margin,
        )
        for one, reading in zip(excerpts, readings, strict=True)
    }
