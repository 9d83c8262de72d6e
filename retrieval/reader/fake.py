"""A reader for tests, by shared words: deterministic, loads nothing."""

import re
from collections.abc import Sequence

from core.embedding.words import terms
from retrieval.reader.protocol import Reading, Span

_WORD = re.compile(r"\w+")


class FakeReader:
    """Implements `retrieval.reader.protocol.Reader`: a passage answers when it has half of the question's terms, with
    the first run of at most five words that the question does not have."""

    def read(self, question: str, passages: Sequence[str], titles: Sequence[str] = ()) -> list[Reading]:
        """See the protocol."""
        named = titles or [""] * len(passages)
        return [self._reading(question, *pair) for pair in zip(passages, named, strict=True)]

    def describe(self) -> str:
        """Its name."""
        return "fake"

    def close(self) -> None:
        """Nothing to close."""

    def _reading(self, question: str, passage: str, title: str) -> Reading:
        asked = frozenset(terms(question, "en"))
        shared = len(asked & frozenset(terms(f"{title} {passage}", "en"))) / len(asked) if asked else 0.0
        return Reading(8 * shared - 4, _span(asked, passage, shared), 0.5)


def _span(asked: frozenset[str], passage: str, score: float) -> Span | None:
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(passage):
        if frozenset(terms(word.group(), "en")) - asked:
            run.append(word)
        elif run:
            break
        if len(run) == 5:
            break
    return Span(run[0].start(), run[-1].end(), score) if run else None
