"""Which statement answers: the found passages' statements, ranked by the question's words.

A statement's score is the share of the question's terms that it covers, each weighed by its rarity among the passages
(a local IDF; Robertson & Spärck Jones 1976), plus a prior from its passage's rank. What it needs to be understood
counts for it in part: the sentence before one that begins with a pronoun, the line that introduces an item, the names
of a row's columns, the headings above, most for what stands first below a heading that is asked for. Kinds of questions
that want a number, a time or a name prefer statements that have one (Li & Roth 2002, coarse answer types).
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from retrieval.passages import Passage
from retrieval.question import Question, Wanted
from retrieval.reading import READ_PASSAGES, Excerpt, Heard
from retrieval.statements import Statement, StatementKind, statements_of

Terms = Callable[[str], list[str]]
PASSAGE_PRIOR = 0.8  # weight of the passage's own score in its statements'
TYPE_BONUS = 0.15
NEAR = 0.8  # how much of what it needs counts as its own
ABOVE = 0.5  # the same of headings
FIRST_BELOW = 0.85  # of a heading that is asked for; each further statement below it has less
ASKED_HEADING = 0.45  # share of the question from which on a heading is asked for
EXAMPLE_WORDS = 4  # of a question that code holds as an example; fewer are words that code may well have
ROW_NAMED = 0.2  # bonus of a row whose first cell says nothing but what is asked for
_LEANS = re.compile(
    r"(?:it|they|he|she|this|these|those|that|its|their|his|her|both|such|er|sie|es|dies\w*|il|elle|ils|elles|ce|cela|"
    r"esto|este|esta|él|ella|ellos)\b",
    re.I,
)
_NUMBER = re.compile(
    r"(?<![\w-])[€$£]?\d[\d.,:]*(?![\w-]*\w-)|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|"
    r"hundred|thousand|million|billion|half|once|twice|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf)\b",
    re.I,
)
_MONEY = re.compile(
    r"[€$£¥]\s?\d|\d[\d.,]*\s?(?:€|\$|£|eur\b|euros?\b|usd\b|dollars?\b|pounds?\b|chf\b|cents?\b)|"
    r"\b(?:fee|price|cost|eur|usd|preis|gebühr)\w*: ?\d|\bfree\b|\bkostenlos",
    re.I,
)
_TIME = re.compile(
    r"\b(?:1[0-9]\d\d|20\d\d)\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|montags?|dienstags?|mittwochs?|donnerstags?|freitags?|samstags?|sonntags?|"
    r"century|centuries|decades?)\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2} ?(?:am|pm|a\.m|p\.m|uhr)\b|"
    r"\b\d+ (?:days?|weeks?|months?|years?|hours?|minutes?|seconds?)\b",
    re.I,
)
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]+")
_VALUES = {
    Wanted.AMOUNT: _NUMBER,
    Wanted.MONEY: _MONEY,
    Wanted.TIME: _TIME,
    Wanted.PERSON: _NAME,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement with its terms. `coverage` is the weighed share of the question's terms in it, in what it needs and,
    in part, above it; `own` in it alone; `asked` in the nearest heading. `before` is the statement that it leans on or
    that introduces it."""

    statement: Statement
    terms: frozenset[str]
    score: float
    coverage: float
    own: float
    asked: float
    before: "Candidate | None"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first; `in_order` has those of each passage in the order of the text, by chunk; `heard` what a
    reader says of the passages that it has read, by chunk."""

    best: list[Candidate]
    in_order: dict[str, list[Candidate]]
    weights: dict[str, float]
    passage_coverage: float
    codes: float = 0.0  # 1: the best candidate has all codes of the question; -1: one of them stands nowhere
    heard: Mapping[str, Heard] = field(default_factory=dict)

    @property
    def best_coverage(self) -> float:
        return self.best[0].coverage if self.best else 0.0


def ranked(question: Question, passages: Sequence[Passage], terms: Terms) -> Ranking:
    """The statements of the first passages; none where the question has no telling word."""
    wanted = set(terms(question.words)) | {_named(name) for name in question.names}
    if not passages or not wanted:
        return Ranking([], {}, {}, 0.0)
    whole = [f"{p.stored.title} {' '.join(p.stored.heading_path)} {p.stored.content}" for p in passages]
    bags = [_bag(text, question, terms) for text in whole]
    weigh = _Weights.of(wanted, bags)
    judge = _Judge(question, weigh, terms)
    in_order = {one.stored.chunk_id: judge.candidates(one) for one in passages[:READ_PASSAGES]}
    best = sorted((one for found in in_order.values() for one in found), key=lambda one: -one.score)
    codes = _codes(question, best, bags)
    return Ranking(best, in_order, weigh.weights, max(map(weigh.share, bags)), codes)


def excerpts(ranking: Ranking) -> list[Excerpt]:
    """What a reader should read: of each ranked passage what stands about its best candidate."""
    return [_excerpt(around) for around in ranking.in_order.values() if around]


def _excerpt(around: Sequence[Candidate]) -> Excerpt:
    best = max(range(len(around)), key=lambda number: around[number].score)
    statements = [one.statement for one in around]
    return Excerpt.about(statements[best].passage, statements, best)


def _codes(question: Question, best: Sequence[Candidate], bags: Sequence[frozenset[str]]) -> float:
    named = question.codes | {_named(name) for name in question.names}
    if not named or not best:
        return 0.0
    if not named <= frozenset().union(*bags):
        return -1.0
    before = best[0].before
    return float(named <= best[0].terms | (before.terms if before else frozenset()))


def holds_value(question: Question, text: str) -> bool:
    """Whether `text` has a value of the wanted kind that the question has not."""
    pattern = _VALUES.get(question.wanted)
    asked = question.text.casefold()
    return pattern is not None and any(found.group().casefold() not in asked for found in pattern.finditer(text))


@dataclass(frozen=True, slots=True)
class _Weights:
    weights: dict[str, float]
    total: float

    @classmethod
    def of(cls, wanted: set[str], bags: Sequence[frozenset[str]]) -> "_Weights":
        seen = Counter(term for bag in bags for term in bag & wanted)
        weights = {term: math.log(1 + (len(bags) + 1) / (seen[term] + 0.5)) for term in wanted}
        return cls(weights, sum(weights.values()))

    def share(self, bag: frozenset[str]) -> float:
        return sum(weight for term, weight in self.weights.items() if term in bag) / self.total


class _Judge:
    def __init__(self, question: Question, weights: _Weights, terms: Terms) -> None:
        self._question, self._weights, self._terms = question, weights, terms
        self._plain = question.text.strip(" ?!.").casefold()
        self._headings: dict[tuple[str, ...], frozenset[str]] = {}

    def candidates(self, passage: Passage) -> list[Candidate]:
        found: list[Candidate] = []
        for statement in statements_of(passage):
            if not self._repeats(statement):
                found.append(self._candidate(statement, found))
        return found

    def _repeats(self, statement: Statement) -> bool:
        """The question itself answers nothing, nor does code that asks it as an example."""
        text = statement.text.casefold()
        is_example = statement.kind is StatementKind.CODE and len(self._plain.split()) >= EXAMPLE_WORDS
        return text.strip(" ?!.#") == self._plain or (is_example and self._plain in text)

    def _candidate(self, statement: Statement, earlier: Sequence[Candidate]) -> Candidate:
        text = statement.text
        bag = _bag(text, self._question, self._terms)
        before = _before(statement, earlier)
        near = bag | (before.terms if before else frozenset()) | self._bag_of(statement.names)
        above = self._bag_of((statement.passage.stored.title, *statement.headings))
        own, asked = self._weights.share(bag), self._weights.share(above)
        covered = own + NEAR * (self._weights.share(near) - own)
        reach = FIRST_BELOW ** (statement.place + 1) if asked >= ASKED_HEADING else 0.0
        covered += max(ABOVE, reach) * (self._weights.share(near | above) - covered)
        score = covered + self._bonus(statement, text) + PASSAGE_PRIOR * statement.passage.score
        nearest = self._weights.share(self._bag_of(statement.headings[-1:] or (statement.passage.stored.title,)))
        return Candidate(statement, bag, score * self._shape(statement, text), covered, own, nearest, before)

    def _bag_of(self, texts: tuple[str, ...]) -> frozenset[str]:
        if texts not in self._headings:
            self._headings[texts] = _bag(" ".join(texts), self._question, self._terms)
        return self._headings[texts]

    def _bonus(self, statement: Statement, text: str) -> float:
        if self._question.wanted is Wanted.STEPS:
            return TYPE_BONUS / 2 if statement.kind is StatementKind.ITEM or statement.is_step else 0.0
        values = f"{' '.join(statement.names)} {text}" if statement.names else text
        named = self._bag_of(statement.cells[:1])
        is_named = bool(named) and named <= self._weights.weights.keys() and statement.kind is StatementKind.ROW
        return (TYPE_BONUS if holds_value(self._question, values) else 0.0) + (ROW_NAMED if is_named else 0.0)

    def _shape(self, statement: Statement, text: str) -> float:
        """Fragments say little by themselves; rows of a table tell nobody how something is done."""
        if text in (statement.passage.stored.title, *statement.headings):
            return 0.3
        if text.endswith("?"):
            return 0.5
        if statement.kind is StatementKind.ROW:
            return 0.75 if self._question.wanted is Wanted.STEPS else 1.0
        ends = text.endswith((".", "!", "…", ":", "。", "！", "।", '"', "”", ")"))
        few = len(text.split()) < 5 and text.isascii()
        return 0.6 if few and not ends and statement.kind is StatementKind.SENTENCE else 1.0


def _before(statement: Statement, earlier: Sequence[Candidate]) -> Candidate | None:
    """The sentence that a leaning one follows; the line that introduces an item or a code."""
    if not earlier:
        return None
    last = earlier[-1]
    if statement.kind is StatementKind.SENTENCE:
        leans = statement.is_step or _LEANS.match(statement.text)
        return last if leans and last.statement.block == statement.block else None
    if statement.kind in (StatementKind.ITEM, StatementKind.CODE):
        if last.statement.kind is StatementKind.ITEM and last.statement.headings == statement.headings:
            return last.before or None
        is_lead = last.statement.kind is StatementKind.SENTENCE and last.statement.headings == statement.headings
        return last if is_lead else None
    return None


def _bag(text: str, question: Question, terms: Terms) -> frozenset[str]:
    """Its terms; names that only capitals part from common words count where they are written so."""
    found = {_named(name) for name in question.names if re.search(rf"\b{re.escape(name)}\b", text)}
    return frozenset(terms(text)) | found


def _named(name: str) -> str:
    return f"={name}"
