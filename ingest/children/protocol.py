"""Reading documents somewhere they can do no harm: what goes in, what comes out, what every reader must do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.elements import Chunk, ParsedDocument, Rectangle


@dataclass(frozen=True, slots=True)
class ParseTask:
    """`length` bytes from `start` of the file at `path`. A record is one line `{"text": …}` of a JSON Lines batch."""

    path: str
    start: int
    length: int
    name: str
    title: str | None = None  # given by a person; else the document's own
    language: str | None = None
    is_record: bool = False
    tokenizer: str = "all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document ready to be embedded; `hashes` name the embedding texts in the cache."""

    format: str
    document: ParsedDocument
    title: str
    language: str
    chunks: list[Chunk]
    embedding_texts: list[str]
    hashes: list[str]


@dataclass(frozen=True, slots=True)
class PlaceTask:
    """A quote to be found on 1-based `pages` of the PDF that a `ParseTask` of the same bytes was read from."""

    path: str
    start: int
    length: int
    pages: tuple[int, ...]
    quote: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a quote stands, a rectangle a line; none where it was not found, and `notice` says why."""

    rectangles: tuple[Rectangle, ...]
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a document cannot be read; becomes a `DocumentError`."""

    code: str
    message: str
    retryable: bool = False


Wanted = Callable[[int], bool]
UNWANTED = Failed("UNWANTED", "The document was cancelled, deleted or replaced while it was read.", retryable=True)


def always(_: int) -> bool:
    return True


class Parser(Protocol):
    """Implemented by a pool of child processes and, for tests, in the process itself."""

    def run(self, tasks: Sequence[ParseTask], wanted: Wanted = always) -> list[Parsed | Failed]:
        """Results in the order of the tasks. One task's crash, time-out or memory fails that task alone.

        `wanted` is asked with a task's number before it begins and about twice a second while it runs; a task that
        is not wanted any more ends as `UNWANTED`.
        """
        ...

    def place(self, task: PlaceTask) -> Placed | Failed:
        """For who waits at the screen: within seconds, apart from what `run` does."""
        ...

    def warm(self) -> None:
        """Prepare what the first task would wait for."""
        ...

    def reap(self) -> None:
        """Give back what has been idle for some time."""
        ...

    def close(self) -> None: ...
