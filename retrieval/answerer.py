"""Question → answer: search, extract or write, cite, judge; below the threshold the fallback and no invented text."""

import os
import re
import threading
import unicodedata
from collections import abc
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from core.embedding.words import terms
from core.vectors.protocol import Scope
from retrieval.answers import Answer, Generator, Quote, Refusal, Style, Trace, Turn
from retrieval.attribution import Attribution, Supported
from retrieval.extractive import Extracted, Extractor
from retrieval.followup import self_contained
from retrieval.generate.prompt import NO_ANSWER
from retrieval.generate.protocol import AnswerWriter, GenerationFailed
from retrieval.passages import Passage, PassageStore
from retrieval.reader.protocol import Reader
from retrieval.search import DetectLanguage, Searcher

PASSAGES = 8
MAX_QUESTION_CHARACTERS = 4_000
Piece = str | Answer


class Answerer:
    def __init__(
        self,
        searcher: Searcher,
        writer: AnswerWriter | None,
        language_of: DetectLanguage,
        reader: Reader | None = None,
    ) -> None:
        self._searcher, self._writer, self._language_of = searcher, writer, language_of
        self._extractor = Extractor(reader)
        # who waits for a language model computes nothing; of those who compute, more than there are cores would only
        # take turns at Python's lock, and take them from the threads that send and receive
        self._computing = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))

    def stream(
        self, store: PassageStore, scope: Scope, question: str, history: Sequence[Turn], style: Style
    ) -> abc.Generator[Piece, None, None]:
        """The answer's text in pieces, empty ones while nothing new can be said, then the answer, whose text they make.

        Never raises for what a question holds; an answer always has sources or is the fallback. Closing it ends the
        reading of the model.
        """
        question = question.strip()[:MAX_QUESTION_CHARACTERS]
        with self._computing:
            plain = self._extractive(store, scope, question, self_contained(question, history), style)
        yield from (
            self._written(question, history, style, plain)
            if plain.answered and self._writer is not None
            else _said(plain)
        )

    def plain(self, store: PassageStore, scope: Scope, question: str, style: Style) -> Answer:
        """The answer that needs no language model, without a conversation before it. It never raises, as `stream`."""
        question = question.strip()[:MAX_QUESTION_CHARACTERS]
        with self._computing:
            return self._extractive(store, scope, question, self_contained(question, ()), style)

    def alone(self, asked: str, passage: Passage, style: Style, language: str) -> Extracted:
        """What one passage says to a question, whether or not that would be given."""
        with self._computing:
            return self._extractor.extract(asked, [passage], style, language)

    def _extractive(self, store: PassageStore, scope: Scope, question: str, asked: str, style: Style) -> Answer:
        """The answer without a model, or the fallback."""
        language = self._language_of(asked) or "en"
        found = self._searcher.search(store, scope, asked, PASSAGES, language=language)
        made = self._extractor.extract(asked, found.passages, style, language)
        text, quotes = made.composition.text, made.composition.quotes
        sure = style.calibration.of_one(made.confidence)
        refusal = _refusal(question, asked, quotes, sure, style, language)
        timings = {**found.timings_ms, **made.timings_ms}
        trace = Trace(asked, language, found.passages, made.relevance, made.features, made.confidence, timings, refusal)
        if refusal:
            return Answer(style.fallback, [], sure, False, Generator.EXTRACTIVE, trace=trace)
        short = made.composition.short
        return Answer(text, quotes, sure, True, Generator.EXTRACTIVE, short=short, trace=trace)

    def _written(self, question: str, history: Sequence[Turn], style: Style, plain: Answer) -> Iterator[Piece]:
        """Sentence by sentence, as the sources support them; the extractive answer where none is."""
        assert self._writer is not None
        assert plain.trace is not None
        passages = plain.trace.passages
        said = Attribution(passages, lambda text: list(terms(text, style.language)), NO_ANSWER)
        reply = _Reply(said, style.max_characters)
        reason: str | None = None
        try:
            with closing(self._writer.write(question, history, passages, style)) as texts:
                for text in texts:
                    yield from reply.feed(text) or [""]
                    if reply.is_over:
                        break
        except GenerationFailed as error:
            reason = str(error)
        else:
            yield from reply.finish()
        if reply.text:
            yield _supported(reply, plain, reason)
        elif reply.is_refused:
            trace = replace(plain.trace, refusal=Refusal.MODEL_REFUSED)
            yield from _said(Answer(style.fallback, [], plain.confidence, False, Generator.LLM, trace=trace))
        else:
            why = reason or "the language model cited nothing that holds"
            yield from _said(_instead(plain, f"{why}; this answer quotes the sources instead."))


class _Reply:
    """What is said of a model's reply: its supported sentences up to NO_ANSWER or the limit."""

    def __init__(self, said: Attribution, max_characters: int) -> None:
        self._said, self._limit = said, max_characters
        self.text, self._is_full = "", False
        self._quotes: dict[tuple[str, int], Quote] = {}

    @property
    def quotes(self) -> list[Quote]:
        return list(self._quotes.values())

    @property
    def dropped(self) -> int:
        return self._said.dropped

    @property
    def is_refused(self) -> bool:
        return self._said.is_stopped

    @property
    def is_over(self) -> bool:
        return self._is_full or self.is_refused

    def feed(self, piece: str) -> list[str]:
        """Words that may be said now."""
        return [] if self.is_over else self._within(self._said.feed(piece))

    def finish(self) -> list[str]:
        return [] if self.is_over else self._within(self._said.finish())

    def _within(self, sentences: Sequence[Supported]) -> list[str]:
        """As many as fit; of the first, what fits."""
        words: list[str] = []
        for one in sentences:
            added = one.parted + one.text if self.text else one.text
            fits = len(self.text) + len(added) <= self._limit
            self._is_full = self._is_full or not fits
            if self._is_full and self.text:
                break
            shown = added if fits else added[: self._limit - 1].rstrip() + "…"
            self._quotes |= {(quote.passage.stored.chunk_id, quote.char_start): quote for quote in one.quotes}
            self.text += shown
            words += _words(shown)
        return words


def _supported(reply: _Reply, plain: Answer, reason: str | None) -> Answer:
    notices = [f"{reply.dropped} unsupported sentence(s) were dropped."] if reply.dropped else []
    if reason:
        notices.append(f"{_capital(reason)}; what it had said until then is supported.")
    notice = " ".join(notices) or None
    return Answer(reply.text, reply.quotes, plain.confidence, True, Generator.LLM, notice, trace=plain.trace)


def _said(answer: Answer) -> Iterator[Piece]:
    """Word by word."""
    yield from _words(answer.text)
    yield answer


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+", text)


def _instead(plain: Answer, notice: str) -> Answer:
    return replace(plain, notice=_capital(notice))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _refusal(
    question: str, asked: str, quotes: Sequence[Quote], confidence: float, style: Style, language: str
) -> Refusal | None:
    """Why there is no answer; None where there is one."""
    if _blocked(question, style):
        return Refusal.BLOCKED_WORD
    if not quotes:
        return Refusal.NOTHING_FOUND
    if not _is_on_topic(asked, quotes, style, language):
        return Refusal.OFF_TOPIC
    return Refusal.BELOW_THRESHOLD if confidence < style.threshold else None


def _is_on_topic(question: str, quotes: Sequence[Quote], style: Style, language: str) -> bool:
    """Whether all terms of an allowed topic stand in the question or in a passage that is quoted, in whatever form."""
    if not style.allowed_topics:
        return True
    stored = [quote.passage.stored for quote in quotes]
    texts = [question, *(" ".join((one.title, *one.heading_path, one.content)) for one in stored)]
    found = [set(terms(text, language)) for text in texts]
    topics = [set(terms(topic, language)) for topic in style.allowed_topics]
    return any(topic and topic <= words for topic in topics for words in found)


def _blocked(question: str, style: Style) -> bool:
    """Whether a blocked word or phrase stands there as words of its own; scripts without spaces have no such edges."""
    plain = unicodedata.normalize("NFKC", question).casefold()
    words = (unicodedata.normalize("NFKC", word).casefold().strip() for word in style.blocked_words)
    return any(re.search(rf"{_edge(word[0])}{re.escape(word)}{_edge(word[-1])}", plain) for word in words if word)


def _edge(character: str) -> str:
    return r"\b" if character.isascii() and character.isalnum() else ""
