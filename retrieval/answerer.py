"""Question → answer: search, extract or write, cite, judge; below the threshold the fallback and no invented text."""

import re
import unicodedata
from collections import abc
from collections.abc import Iterator, Sequence
from contextlib import closing

from core.embedding.words import terms
from core.vectors.protocol import Scope
from retrieval.answers import Answer, Generator, Quote, Style, Turn
from retrieval.attribution import attribute
from retrieval.compose import compose
from retrieval.confidence import confidence, features
from retrieval.extract import ranked
from retrieval.followup import self_contained
from retrieval.generate.prompt import NO_ANSWER
from retrieval.generate.protocol import AnswerWriter, GenerationFailed
from retrieval.passages import Passage, PassageStore
from retrieval.question import understood
from retrieval.search import DetectLanguage, Searcher

PASSAGES = 8
MAX_QUESTION_CHARACTERS = 4_000
Piece = str | Answer


class Answerer:
    def __init__(self, searcher: Searcher, writer: AnswerWriter | None, language_of: DetectLanguage) -> None:
        self._searcher, self._writer, self._language_of = searcher, writer, language_of

    def stream(
        self, store: PassageStore, scope: Scope, question: str, history: Sequence[Turn], style: Style
    ) -> abc.Generator[Piece, None, None]:
        """The answer's text in pieces, empty ones while a model writes, then the answer, whose text they make.

        Never raises for what a question holds; an answer always has sources or is the fallback. Closing it ends the
        reading of the model.
        """
        question = question.strip()[:MAX_QUESTION_CHARACTERS]
        asked = self_contained(question, history)
        language = self._language_of(asked) or "en"
        passages = self._searcher.search(store, scope, asked, PASSAGES, language=language).passages

        meant = understood(asked)
        ranking = ranked(meant, passages, lambda text: list(terms(text, language)))
        found = compose(meant, ranking, style)
        values = features(passages, ranking.best_coverage, ranking.passage_coverage, ranking.codes)
        sure = confidence(values)
        is_allowed = not _blocked(question, style) and _is_on_topic(asked, found.quotes, style, language)
        if sure < style.threshold or not found.quotes or not is_allowed:
            yield from _said(Answer(style.fallback, [], sure, False, Generator.EXTRACTIVE, features=values))
            return
        plain = Answer(found.text, found.quotes, sure, True, Generator.EXTRACTIVE, features=values)
        yield from _said(plain) if self._writer is None else self._written(question, history, passages, style, plain)

    def _written(
        self, question: str, history: Sequence[Turn], passages: Sequence[Passage], style: Style, plain: Answer
    ) -> Iterator[Piece]:
        """None of it leaves before the model's end: a failure or NO_ANSWER takes back good sentences before it, too."""
        assert self._writer is not None
        reply: list[str] = []
        try:
            with closing(self._writer.write(question, history, passages, style)) as texts:
                for text in texts:
                    reply.append(text)
                    yield ""
        except GenerationFailed as error:
            answer = _instead(plain, f"{error}; this answer quotes the sources instead.")
        else:
            answer = _checked("".join(reply).strip(), passages, style, plain)
        yield from _said(answer)


def _said(answer: Answer) -> Iterator[Piece]:
    """Word by word."""
    yield from re.findall(r"\S+\s*|\s+", answer.text)
    yield answer


def _checked(reply: str, passages: Sequence[Passage], style: Style, plain: Answer) -> Answer:
    """The model's answer, as far as the sources support it; else the extractive one with the reason."""
    if NO_ANSWER in reply:
        return Answer(style.fallback, [], plain.confidence, False, Generator.LLM, features=plain.features)
    checked = attribute(reply, passages, lambda text: list(terms(text, style.language)))
    if not checked.quotes:
        return _instead(plain, "The language model cited nothing that holds; this answer quotes the sources.")
    text = checked.text[: style.max_characters]
    notice = f"{checked.dropped} unsupported sentence(s) were dropped." if checked.dropped else None
    return Answer(text, checked.quotes, plain.confidence, True, Generator.LLM, notice, plain.features)


def _instead(plain: Answer, notice: str) -> Answer:
    notice = notice[:1].upper() + notice[1:]
    return Answer(plain.text, plain.quotes, plain.confidence, True, Generator.EXTRACTIVE, notice, plain.features)


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
