"""Passages and questions that do not belong together, though they look it.

Mined: the passage that BM25 over our own terms finds, without the answer. Altered: a question about a passage with a
name, a number or a direction exchanged for another, as people wrote those of SQuAD 2.0 (Rajpurkar et al. 2018, table
2, has them: antonyms, other names); noisy, since an altered question may have an answer.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.embedding.sparse import SparseEncoder
from evals.reader.readings import Example

Ints = npt.NDArray[np.int64]
_LOOKED_AT = 8  # hits among which a mined passage is drawn
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
_YEAR = re.compile(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b")
# no negations ("did" for "didn't"): people ask why something isn't so, and must not be refused for the word
_OPPOSITES = (
    "first last|before after|largest smallest|most least|more less|increase decrease|north south|east west|"
    "early late|highest lowest|above below|win lose|won lost|began ended|start end|old new|major minor|oldest newest|"
    "always never|join leave|minimum maximum|support oppose|northern southern|eastern western|higher lower|"
    "longest shortest|best worst|increased decreased|joined left|supported opposed|rise fall|rose fell|buy sell|"
    "bought sold|male female|western eastern|inside outside|upper lower|young old|strongest weakest|earliest latest"
)
_OTHER = {a: b for pair in _OPPOSITES.split("|") for a, b in (pair.split(), pair.split()[::-1])}
_WORD = re.compile(r"[\w’']+")


class Bm25:
    """Passages by the terms they share with a question, over an inverted index in memory."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._encoder, self._size = SparseEncoder(), len(texts)
        vectors = [self._encoder.encode_passage(text, "en") for text in texts]
        lengths = [len(vector.indices) for vector in vectors]
        terms = np.concatenate([np.asarray(vector.indices, np.int64) for vector in vectors])
        order = np.argsort(terms, kind="stable")
        self._terms = terms[order]
        self._documents = np.repeat(np.arange(self._size), lengths)[order]
        self._weights = np.concatenate([np.asarray(vector.values, np.float32) for vector in vectors])[order]

    def best(self, question: str, count: int) -> list[int]:
        """Numbers of the `count` best texts; fewer where fewer share a term."""
        query = self._encoder.encode_query(question, "en")
        scores = np.zeros(self._size, np.float32)
        for term, weight in zip(query.indices, query.values, strict=True):
            low, high = np.searchsorted(self._terms, [int(term), int(term) + 1])
            if found := int(high - low):
                idf = np.log(1 + (self._size - found + 0.5) / (found + 0.5))
                scores[self._documents[low:high]] += weight * idf * self._weights[low:high]
        best = np.argsort(-scores, kind="stable")[:count]
        return [int(place) for place in best if scores[place] > 0]


class Miner:
    """Finds other passages for answerable questions, in the passages of all training data."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._passages = list(dict.fromkeys((one.title, one.passage) for one in examples if len(one.passage) > 80))
        self._index = Bm25([f"{title}\n{passage}" for title, passage in self._passages])

    def negative(self, example: Example, draw: random.Random) -> Example | None:
        """`example` with a passage near its question that does not hold an answer; None where there is none."""
        answers = [example.passage[start:end].casefold() for start, end in example.answers]
        hits = [self._passages[place] for place in self._index.best(example.question, _LOOKED_AT)]
        near = [
            (title, passage)
            for title, passage in hits
            if passage != example.passage and not any(answer in passage.casefold() for answer in answers)
        ]
        if not near or not answers:
            return None
        title, passage = draw.choice(near)
        return replace(
            example, title=title, passage=passage, answers=(), relevant=False, source=f"mined:{example.source}"
        )


def altered(example: Example, draw: random.Random) -> Example | None:
    """`example` with a question that its passage probably does not answer; None where nothing can be exchanged."""
    ways = [_other_name, _other_year, _opposite]
    draw.shuffle(ways)
    for way in ways:
        question = way(example, draw)
        if question and question != example.question:
            return replace(example, question=question, answers=(), relevant=False, source=f"altered:{example.source}")
    return None


def _other_name(example: Example, draw: random.Random) -> str | None:
    """A name of the question that the passage has, for another of the passage."""
    answers = {example.passage[start:end] for start, end in example.answers}
    here = sorted(set(_NAME.findall(example.passage)))
    asked = [name for name in _NAME.findall(example.question) if name in example.passage]
    others = [name for name in here if name not in example.question and not any(name in one for one in answers)]
    if not asked or not others:
        return None
    return example.question.replace(draw.choice(asked), draw.choice(others), 1)


def _other_year(example: Example, draw: random.Random) -> str | None:
    asked = _YEAR.findall(example.question)
    if not asked:
        return None
    others = [year for year in set(_YEAR.findall(example.passage)) if year not in example.question]
    other = draw.choice(sorted(others)) if others else str(int(asked[0]) + draw.choice((-30, -11, 7, 20)))
    return example.question.replace(asked[0], other, 1)


def _opposite(example: Example, draw: random.Random) -> str | None:
    words = [word for word in _WORD.finditer(example.question) if word.group() in _OTHER]
    if not words:
        return None
    word = draw.choice(words)
    return example.question[: word.start()] + _OTHER[word.group()] + example.question[word.end() :]
