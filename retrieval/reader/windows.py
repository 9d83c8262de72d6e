"""How question and passage are laid out for the model, in training and at run time alike.

`[CLS] question [SEP] title passage [SEP]`: the question is segment 0, the rest segment 1 (Devlin et al. 2018).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.embedding.tokenizer import WordPieceTokenizer

CLS, SEP = 101, 102
MAX_TOKENS = 256
MAX_QUESTION, MAX_TITLE = 48, 24  # tokens
OVERLAP = 48  # tokens that two windows share: longer than an answer may be
MAX_WINDOWS = 2
Offsets = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Window:
    """One row for the model. Token `first + i` is `passage[offsets[i][0]:offsets[i][1]]`."""

    ids: list[int]
    segment_start: int  # where segment 1 begins
    first: int
    offsets: Offsets

    @property
    def segments(self) -> list[int]:
        return [0] * self.segment_start + [1] * (len(self.ids) - self.segment_start)


class Layout:
    """Makes windows of questions and passages. Thread safe, as its tokenizer is."""

    def __init__(self, tokenizer: WordPieceTokenizer | None = None, max_tokens: int = MAX_TOKENS) -> None:
        self._tokenizer = tokenizer or WordPieceTokenizer()
        self._max_tokens = max_tokens

    def windows(self, question: str, passage: str, title: str = "") -> list[Window]:
        """The passage in one window, or in two that overlap; what lies behind the second is not read."""
        head, lead, ids, offsets = self._parts(question, passage, title)
        room = self._room(head, lead)
        return [window(head, lead, ids, offsets, start, room) for start in starts(len(ids), room)]

    def window_with(self, question: str, passage: str, title: str, span: tuple[int, int] | None, turn: float) -> Window:
        """One window for training, which holds the characters of `span`; `turn`, 0 to 1, moves it about them."""
        head, lead, ids, offsets = self._parts(question, passage, title)
        room = self._room(head, lead)
        low, high = 0, max(0, len(ids) - room)
        if span is not None and high:
            first, last = tokens_of(offsets, span)
            low, high = max(0, last + 1 - room), min(first, high)
        return window(head, lead, ids, offsets, low + round(turn * max(0, high - low)), room)

    def _parts(self, question: str, passage: str, title: str) -> tuple[list[int], list[int], list[int], Offsets]:
        (asked, _), (named, _), (told, offsets) = self._tokenizer.pieces([question, title, passage])
        return [CLS, *asked[:MAX_QUESTION], SEP], named[:MAX_TITLE], told, offsets

    def _room(self, head: Sequence[int], lead: Sequence[int]) -> int:
        return self._max_tokens - len(head) - len(lead) - 1


def starts(length: int, room: int) -> Iterator[int]:
    """Where the windows of `length` tokens begin."""
    yield 0
    if length > room:
        yield min(length - room, room - OVERLAP)


def tokens_of(offsets: Offsets, span: tuple[int, int]) -> tuple[int, int]:
    """First and last token that touch the characters of `span`."""
    touched = [i for i, (start, end) in enumerate(offsets) if start < span[1] and end > span[0]]
    if not touched:
        raise ValueError(f"No token lies in {span}.")
    return touched[0], touched[-1]


def window(head: list[int], lead: list[int], ids: list[int], offsets: Offsets, start: int, room: int) -> Window:
    """The row with the passage's tokens from `start` on."""
    part = slice(start, start + room)
    return Window([*head, *lead, *ids[part], SEP], len(head), len(head) + len(lead), offsets[part])
