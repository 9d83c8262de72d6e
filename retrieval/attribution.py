"""A written answer held against its sources: sentence by sentence, each `[n]` must exist and its source support it.

A sentence is kept when it cites a source and enough of its weighed terms stand there (as in attributable-to-
identified-sources evaluation, Rashkin et al. 2023, by words instead of a judge model); others are dropped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.sentences import sentences
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


@dataclass(frozen=True, slots=True)
class Attributed:
    """The kept text without marks, its quotes, and how many sentences were dropped."""

    text: str
    quotes: list[Quote]
    dropped: int


def attribute(reply: str, passages: Sequence[Passage], terms: Terms) -> Attributed:
    """Keep what the sources support."""
    kept: list[str] = []
    quotes: dict[tuple[str, int], Quote] = {}
    dropped = 0
    for piece in _cited_sentences(reply):
        numbers = [int(number) for number in _MARK.findall(piece)]
        text = _MARK.sub("", piece).strip()
        cited = [passages[number - 1] for number in numbers if 1 <= number <= len(passages)]
        support = [quote for passage in cited if (quote := _support(text, passage, terms)) is not None]
        if not support:
            dropped += 1
            continue
        kept.append(text)
        quotes.update({(quote.passage.stored.chunk_id, quote.char_start): quote for quote in support})
    return Attributed(" ".join(kept), list(quotes.values()), dropped)


def _cited_sentences(reply: str) -> list[str]:
    """Sentences with the marks that follow them: “… plans.[1] They …” and “… plans [1]. They …”."""
    moved = re.sub(r"([.!?])((?:\s*\[\d{1,3}\])+)", r"\2\1", reply)
    return [sentence.text for sentence in sentences(moved)]


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
