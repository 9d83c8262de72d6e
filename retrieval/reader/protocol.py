"""What a reader says of a passage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a passage, `text[start:end]`, and the sum of the two logits that chose them."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """`relevance` is the logit of "this passage answers this question"; `null_score` what "no span answers" got.

    `span` is the best span that may be an answer, whether or not the passage answers; None where there is none.
    """

    relevance: float
    span: Span | None
    null_score: float

    @property
    def margin(self) -> float:
        """How much more a span is worth than none; minus infinity without a span."""
        return self.span.score - self.null_score if self.span else float("-inf")


class Reader(Protocol):
    """Implementations are thread safe."""

    def read(self, question: str, passages: Sequence[str], titles: Sequence[str] = ()) -> list[Reading]:
        """A reading of each passage, in order. `titles` are read before the passages, but never quoted: a title a
        passage, or none at all. Raises `Unavailable` where its file cannot be loaded."""
        ...

    def describe(self) -> str:
        """A line for `doctor`."""
        ...

    def close(self) -> None:
        """Give back what it holds; a later reading takes it again."""
        ...
