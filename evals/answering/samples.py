"""Answers of the engine with what is known of them: their features, and whether they were right.

Each answerable question is asked a second time of a collection without the documents that answer it: what people ask of
a service that does not know is not what SQuAD's authors wrote to mislead, and both must be told from an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from rich.progress import track

from domain.evaluation.answers import contains, token_f1
from evals.answering.shelf import Found, found
from evals.datasets.load import load
from evals.datasets.model import DataSet, Question
from evals.reader.mixture import held_out
from retrieval.answerer import PASSAGES
from retrieval.answers import Style
from retrieval.compose import Composition
from retrieval.extractive import Extractor

SHORT_ANSWER = 80  # characters; longer gold answers are passages
ENOUGH_F1 = 0.5
FIRST_QUOTES = 2
MOST_QUESTIONS = 900  # of a set
SEED = 5
SPLIT = ("squad2-tune", "clapnq-tune")  # the reader has learnt from half of their articles


class Asked(StrEnum):
    ANSWERABLE = "answerable"
    UNANSWERABLE = "unanswerable"  # as the set has it
    WITHOUT = "without"  # of a collection without the documents that answer


@dataclass(frozen=True, slots=True)
class Sample:
    question: str
    asked: Asked
    features: Mapping[str, float]
    right: bool
    first: bool  # whether the first quote is right
    characters: int  # of the answer
    short_f1: float | None  # of the short answer, where one was offered and there are gold answers of some words


def questions_of(name: str, folder: Path, pages: Path | None = None) -> tuple[DataSet, list[Question]]:
    """A set and its questions: at most `MOST_QUESTIONS`, of split sets those about articles that the reader has not
    seen."""
    data = load(folder, pages=pages)
    questions = list(data.questions)
    if name in SPLIT:
        kept = {one.question for one in held_out(folder.parent, name)}
        questions = [one for one in questions if one.text in kept]
    return data, Random(SEED).sample(questions, min(MOST_QUESTIONS, len(questions)))


def find(name: str, folder: Path, pages: Path | None = None) -> list[Found]:
    """What the search gives for each question: twice as many passages as an answer takes."""
    data, questions = questions_of(name, folder, pages)
    return found(data, questions, 2 * PASSAGES)


def samples_of(rows: Sequence[Found], extractor: Extractor, language: str = "en", label: str = "") -> list[Sample]:
    return [
        _sample(row, asked, extractor, language)
        for row in track(rows, f"answer {label}")
        for asked in (
            (Asked.ANSWERABLE, Asked.WITHOUT) if row.question.answerable else (Asked.UNANSWERABLE,)
        )
    ]  # fmt: skip


def _sample(row: Found, asked: Asked, extractor: Extractor, language: str) -> Sample:
    question = row.question
    without = set(question.relevant) if asked is Asked.WITHOUT else set()
    passages = [one for one in row.passages if one.stored.document_id not in without][:PASSAGES]
    made = extractor.extract(question.text, passages, Style(), language)
    can = asked is not Asked.UNANSWERABLE
    first, two = (can and is_right(question, made.composition, number) for number in (1, FIRST_QUOTES))
    golds = [answer for answer in question.answers if len(answer) <= SHORT_ANSWER]
    short = made.composition.short
    f1 = token_f1(short.text, golds) if short and golds and asked is Asked.ANSWERABLE else None
    return Sample(
        question.text, asked, made.features, two, first, len(made.composition.text), f1
    )  # fmt: skip


def is_right(question: Question, made: Composition, quotes: int) -> bool:
    """Short gold answers must stand in one of the first quotes; of others the document, and the passage where the set
    has one, must be cited first."""
    if not made.quotes:
        return False
    golds = [answer for answer in question.answers if len(answer) <= SHORT_ANSWER]
    said = [quote.text for quote in made.quotes[:quotes]]
    if golds:
        return bool(contains(said, golds)) or token_f1(said[0], golds) >= ENOUGH_F1
    cited = any(quote.passage.stored.document_id in question.relevant for quote in made.quotes[:quotes])
    return cited and (question.passage is None or any(contains([question.passage], [text]) for text in said))
