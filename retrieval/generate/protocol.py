"""A language model, and one that writes an answer from numbered sources."""

from collections.abc import Generator, Sequence
from typing import Protocol

from retrieval.answers import Style, Turn
from retrieval.passages import Passage


class GenerationFailed(Exception):
    """Why the model gave no usable answer; the extractive one is given instead."""


class LanguageModel(Protocol):
    def complete(self, system: str, user: str) -> str:
        """Its whole reply. Raises `GenerationFailed`."""
        ...


class AnswerWriter(Protocol):
    def write(
        self, question: str, history: Sequence[Turn], passages: Sequence[Passage], style: Style
    ) -> Generator[str, None, None]:
        """Text as it arrives, with `[n]` after what source n (1-based) supports; closed early, no more is read. An
        empty one where nothing comes for a moment.

        Raises `GenerationFailed`.
        """
        ...

    def describe(self) -> str:
        """A line for `doctor`."""
        ...
