"""The extractive answer: sentences of the found passages, quoted exactly, chosen by the question's words.

A sentence's score is the share of the question's terms it covers, each weighed by its rarity among the candidates
(a local IDF; Robertson & Spärck Jones 1976), times a prior from its passage's rank; kinds of questions that want a
number, a date or a name prefer sentences that have one (Li & Roth 2002, coarse answer types).
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.sentences import Sentence, sentences
from retrieval.answers import Quote
from retrieval.passages import Passage

Terms = Callable[[str], list[str]]
READ_PASSAGES = 6
MAX_QUOTES = 3
SECOND_BEST = 0.6  # further sentences must reach this share of the best one's score
PASSAGE_PRIOR = 0.5  # weight of the passage's own score in its sentences'
TYPE_BONUS = 0.15
_STOP = frozenset(
    "a an the of to in on for and or is are was were be been do does did can could how what which who whom whose "
    "when where why will would should may might i you we they he she it my your our their this that these those "
    "there with by from at as if me us has have had not no any some much many der die das ein eine ist sind was "
    "wie wer wo wann warum und oder el la los las un una es son que como quien donde cuando".split()
)
_NUMBER = re.compile(r"\d")
_DATE = re.compile(
    r"\b(1[5-9]\d\d|20\d\d)\b|\b(january|february|march|april|may|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.I,
)
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]+")
_QUANTITY = re.compile(
    r"\b(how (much|many|long|old|far|often|big|large)|what (percent|number|price|cost|amount)|wie viele?|cu[aá]nt)",
    re.I,
)
_TIME = re.compile(r"\b(when|what (year|date|day|time)|wann|cu[aá]ndo)\b", re.I)
_PERSON = re.compile(r"\b(who|whom|whose|wer|qui[eé]n)\b", re.I)
_WANTS = ((_QUANTITY, _NUMBER), (_TIME, _DATE), (_PERSON, _NAME))


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate sentence; `coverage` is the weighed share of the question's terms, 0 to 1."""

    passage: Passage
    sentence: Sentence
    score: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Extract:
    quotes: list[Quote]
    best_coverage: float
    passage_coverage: float


def extract(question: str, passages: Sequence[Passage], terms: Terms, max_characters: int) -> Extract:
    """The best sentences within `max_characters`, in reading order; empty without passages."""
    wanted = set(terms(content_words(question)))
    read = passages[:READ_PASSAGES]
    if not read or not wanted:
        return Extract([], 0.0, 0.0)
    bags = [set(terms(f"{p.stored.title} {' '.join(p.stored.heading_path)} {p.stored.content}")) for p in passages]
    weights = _weights(wanted, bags)
    ranked = sorted(_candidates(question, read, terms, weights), key=lambda one: -one.score)
    if not ranked:
        return Extract([], 0.0, 0.0)
    chosen = _chosen(ranked, max_characters)
    return Extract([quote_of(one) for one in chosen], ranked[0].coverage, max(_share(bag, weights) for bag in bags))


def content_words(question: str) -> str:
    """The question without the words that every text has; before stemming, which would disguise them."""
    return " ".join(word for word in question.split() if word.strip("?!.,;:\"'()").casefold() not in _STOP)


def _weights(wanted: set[str], bags: Sequence[set[str]]) -> dict[str, float]:
    seen = Counter(term for bag in bags for term in bag & wanted)
    return {term: math.log(1 + (len(bags) + 1) / (seen[term] + 0.5)) for term in wanted}


def _share(bag: set[str], weights: dict[str, float]) -> float:
    return sum(weight for term, weight in weights.items() if term in bag) / sum(weights.values())


def _candidates(question: str, passages: Sequence[Passage], terms: Terms, weights: dict[str, float]) -> list[Scored]:
    kind = next((pattern for asks, pattern in _WANTS if asks.search(question)), None)
    plain = question.strip(" ?!.").casefold()
    found: list[Scored] = []
    for passage in passages:
        heading = set(terms(" ".join((passage.stored.title, *passage.stored.heading_path))))
        for sentence in sentences(passage.stored.content):
            if sentence.text.strip(" ?!.#").casefold() == plain:
                continue  # the question itself, as in an FAQ, answers nothing
            bag = set(terms(sentence.text))
            coverage = _share(bag, weights)
            own = 0.75 * coverage + 0.25 * _share(bag | heading, weights)
            bonus = TYPE_BONUS if kind is not None and kind.search(sentence.text) else 0.0
            score = own + bonus + PASSAGE_PRIOR * passage.score
            found.append(Scored(passage, sentence, score * _shape(sentence, passage), coverage))
    return found


def _shape(sentence: Sentence, passage: Passage) -> float:
    """Titles, headings and fragments say little by themselves."""
    words = len(sentence.text.split())
    if sentence.text in (passage.stored.title, *passage.stored.heading_path):
        return 0.4
    if sentence.text.endswith("?"):
        return 0.6
    return 1.0 if words >= 5 or not sentence.text.isascii() else 0.75


def _chosen(ranked: Sequence[Scored], max_characters: int) -> list[Scored]:
    """The best, then those nearly as good that fit, in the order of passage and text."""
    chosen, used = [ranked[0]], min(len(ranked[0].sentence.text), max_characters)
    for one in ranked[1:]:
        fits = used + 1 + len(one.sentence.text) <= max_characters
        repeated = any(one.sentence.text == other.sentence.text for other in chosen)
        if len(chosen) == MAX_QUOTES or one.score < SECOND_BEST * ranked[0].score:
            break
        if fits and not repeated:
            chosen.append(one)
            used += 1 + len(one.sentence.text)
    order = {one.passage.stored.chunk_id: number for number, one in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda one: (order[one.passage.stored.chunk_id], one.sentence.start))


def quote_of(one: Scored) -> Quote:
    """The sentence as a span of the document's stored text."""
    start = one.passage.stored.char_start + one.sentence.start
    return Quote(one.passage, start, start + len(one.sentence.text), one.sentence.text)
