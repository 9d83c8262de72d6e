"""A written answer held against its sources: sentence by sentence, each `[n]` must exist and its source support it.

A sentence is released when it cites a source and enough of its weighed terms stand there (as in attributable-to-
identified-sources evaluation, Rashkin et al. 2023, by words instead of a judge model); others are dropped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.sentences import sentences, sentences_within
from retrieval.answers import Quote
from retrieval.extract import Terms
from retrieval.passages import Passage

SUPPORT = 0.5
# numbers carry the claim: one that the source does not hold is never “mostly supported”
_NUMBER_WORDS = frozenset(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half twice "
    "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig hundert tausend "
    "dos tres cuatro cinco seis siete ocho nueve diez veinte cien mil".split()
)
_MARK = re.compile(r"\s*\[(\d{1,3})\]")


_WORD = re.compile(r"\S+\s*|\s+")
_MARKS_BEHIND = re.compile(r"([.!?。！？])((?:\s*\[\d{1,3}\])+)")
MAX_PENDING = 2_000  # characters without the end of a sentence; garbage has none


@dataclass(frozen=True, slots=True)
class Supported:
    """A sentence without its marks, what parts it from the one before, and the sources' sentences that support it."""

    text: str
    parted: str
    quotes: tuple[Quote, ...]


class Attribution:
    """Holds a reply against its sources as it comes: a sentence is released when it has ended and is supported.

    What is released does not depend on how the reply was cut into pieces. `dropped` counts what no source supports;
    at a word with `stop` the reply `is_stopped`.
    """

    def __init__(self, passages: Sequence[Passage], terms: Terms, stop: str) -> None:
        self._passages, self._terms, self._stop = passages, terms, stop
        self.is_stopped = False
        self._unread, self._pending, self._parted = "", "", ""
        self.dropped = 0

    def feed(self, piece: str) -> list[Supported]:
        """Sentences that `piece` completes."""
        words = _WORD.findall(self._unread + piece)
        self._unread = words.pop() if words else ""  # the last word may go on
        return [one for word in words for one in self._read(word)]

    def finish(self) -> list[Supported]:
        """The rest, when there is no more."""
        last = self._read(self._unread)
        return last if self.is_stopped else last + self._release(len(self._pending))

    def _read(self, word: str) -> list[Supported]:
        self.is_stopped = self.is_stopped or self._stop in word
        if self.is_stopped:
            return []
        self._pending = _MARKS_BEHIND.sub(r"\2\1", self._pending + word)
        if "\n" in word or len(self._pending) > MAX_PENDING:
            return self._release(len(self._pending), word.strip(" ") and "\n")
        found = sentences_within(self._pending, 0, len(self._pending))
        last = found[-1] if found else None
        if last is None or len(found) < 2 or not _MARK.sub("", last.text).strip():
            return []
        return self._release(last.start)

    def _release(self, end: int, parted: str = "") -> list[Supported]:
        """What is supported of the pending text before `end`; `parted` is a line break where that ends there."""
        done, self._pending = self._pending[:end], self._pending[end:]
        found = [said for one in sentences_within(done, 0, len(done)) if (said := self._checked(one.text))]
        self._parted = parted or self._parted
        return found

    def _checked(self, sentence: str) -> Supported | None:
        numbers = [int(number) for number in _MARK.findall(sentence)]
        text = _MARK.sub("", sentence).strip()
        cited = [self._passages[number - 1] for number in numbers if 1 <= number <= len(self._passages)]
        support = [quote for passage in cited if (quote := _support(text, passage, self._terms)) is not None]
        if not support:
            self.dropped += 1
            return None
        parted, self._parted = self._parted or " ", ""
        return Supported(text, parted, tuple(support))


def _support(text: str, passage: Passage, terms: Terms) -> Quote | None:
    """The source's sentence nearest to `text`, if the source covers enough of it; numbers must all stand there."""
    wanted = set(terms(text))
    there = set(terms(passage.stored.content)) | set(terms(passage.stored.title))
    if not wanted or len(wanted & there) / len(wanted) < SUPPORT:
        return None
    if not _numbers(text) <= _numbers(passage.stored.content) | _numbers(passage.stored.title):
        return None
    best = max(sentences(passage.stored.content), key=lambda one: len(wanted & set(terms(one.text))), default=None)
    if best is None:
        return None
    start = passage.stored.char_start + best.start
    return Quote(passage, start, start + len(best.text), best.text)


def _numbers(text: str) -> set[str]:
    """Figures and number words of `text`."""
    return set(re.findall(r"\d+(?:[.,]\d+)*", text)) | (set(re.findall(r"\w+", text.casefold())) & _NUMBER_WORDS)
