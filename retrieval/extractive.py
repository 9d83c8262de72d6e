"""Passages → the answer without a language model, and how sure it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from core.embedding.words import terms
from core.errors import Unavailable
from retrieval.answers import Style
from retrieval.compose import Composition, compose
from retrieval.confidence import confidence, features
from retrieval.extract import Ranking, excerpts, ranked
from retrieval.passages import Passage
from retrieval.polarity import Polarity
from retrieval.question import Question, understood
from retrieval.reader.protocol import Reader
from retrieval.reading import read
from retrieval.reranking import reheard
from retrieval.search import Clock

log = structlog.get_logger()
READ_LANGUAGES = ("en",)  # what the reader was trained on


@dataclass(frozen=True, slots=True)
class Extracted:
    """`confidence` is the probability that `composition` is right; `features` is what it was made of, by name.
    `relevance` is what the reader says of the passages that it read, by chunk: log-odds."""

    composition: Composition
    features: Mapping[str, float]
    confidence: float
    relevance: Mapping[str, float]
    timings_ms: Mapping[str, float]


class Extractor:
    """Chooses and composes; with a reader, by what that says of the passages, too."""

    def __init__(self, reader: Reader | None) -> None:
        self._reader = reader

    def extract(self, question: str, passages: Sequence[Passage], style: Style, language: str) -> Extracted:
        """Never raises for what a question or a passage holds; an empty composition where nothing answers."""
        meant, clock = understood(question), Clock()
        ranking = ranked(meant, passages, lambda text: list(terms(text, language)))
        clock.lap("rank")
        ranking = self._read(meant, ranking, language)
        clock.lap("read")
        composition = compose(meant, ranking, style, Polarity(language, lambda text: list(terms(text, language))))
        values = features(passages, ranking, composition.quotes)
        clock.lap("compose")
        relevance = {chunk: heard.relevance for chunk, heard in ranking.heard.items()}
        return Extracted(composition, values, confidence(values), relevance, clock.laps)

    def _read(self, meant: Question, ranking: Ranking, language: str) -> Ranking:
        if self._reader is None or language not in READ_LANGUAGES or not ranking.best:
            return ranking
        try:
            return reheard(ranking, read(self._reader, meant.text, excerpts(ranking)))
        except Unavailable as error:
            log.error("reader_unavailable", reason=error.message)
            return ranking
