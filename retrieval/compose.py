"""The extractive answer: the statement that answers, first, and alone if it suffices.

Each kind is given in its own form: a row as the cells that are asked for with the names of row and column, a list or
procedure with its introduction and all its items, a sentence that leans on the one before together with it, one whose
value stands in the next sentence with that. A further statement comes only where it covers a part of the question that
is not covered yet, where another document says something else, or where the reader is not sure of the best and it is
about as good. Quotes equal the stored text; the answer's text is made of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from retrieval.answers import Quote, ShortAnswer, Style
from retrieval.blocks import ITEM_MARK
from retrieval.extract import Candidate, Ranking, holds_value
from retrieval.lead import holds_answer, lead, short_answer
from retrieval.passages import Passage
from retrieval.polarity import Polarity
from retrieval.question import Question, Wanted
from retrieval.rows import column_rows, shown, tied_rows
from retrieval.statements import StatementKind

PARTS = {"brief": 1, "conversational": 2, "detailed": 4}
NEW_SHARE = 0.2  # of the question that a further statement must cover anew
SECOND_BEST = 0.6  # share of the best one's score that a further statement must reach
RIVAL = 0.85  # the same of one that says something else, or may be meant instead where the reader is not sure
ALIKE = 0.5  # share of terms by which two statements speak of the same
MAX_ROWS = 5
ASKED = 0.8  # share of the question in a heading from which on the paragraph below says how it is done


@dataclass(frozen=True, slots=True)
class Composition:
    """`short` is what of the first quote answers by itself, where that is known."""

    text: str
    quotes: list[Quote]
    short: ShortAnswer | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A span of one passage and how it is shown."""

    used: tuple[Candidate, ...]
    text: str
    start: int
    end: int

    @property
    def passage(self) -> Passage:
        return self.used[0].statement.passage

    @property
    def terms(self) -> frozenset[str]:
        return frozenset().union(*(one.terms for one in self.used))


def compose(question: Question, ranking: Ranking, style: Style, polarity: Polarity | None = None) -> Composition:
    """An answer of at most `style.max_characters`; empty where nothing was ranked. `polarity` tells yes from no."""
    if not ranking.best:
        return Composition("", [])
    best, given = ranking.best[0], _Given(style.max_characters)
    expand = _Expand(question, ranking, style)
    for part in expand.all(best):
        given.take(part)
    _complete(given, question, ranking, expand, PARTS.get(style.response_style, 2))
    first = given.parts[0]
    short = short_answer(ranking, first.passage, first.start, first.end)
    text = _joined(given.parts, style.max_characters)
    opening = lead(question, best, short, polarity) if any(one is best for one in first.used) else None
    if opening and len(opening) + 1 + len(text) <= style.max_characters:
        text = f"{opening} {text}"
    return Composition(text, [_quote(part) for part in given.parts], short)


class _Given:
    """The answer's parts so far; the first is cut where it is too long, others come only where they fit."""

    def __init__(self, max_characters: int) -> None:
        self._left = max_characters
        self.parts: list[_Part] = []

    def take(self, part: _Part) -> None:
        if self.parts and len(part.text) + 1 > self._left:
            return
        self.parts.append(part)
        self._left -= len(part.text) + 1

    def has(self, one: Candidate) -> bool:
        return any(one is used for part in self.parts for used in part.used)


def _complete(given: _Given, question: Question, ranking: Ranking, expand: "_Expand", most: int) -> None:
    """With further statements that add to the best, up to `most` parts in all."""
    best = ranking.best[0]
    is_sure = not ranking.heard or not _is_told(question, best) or holds_answer(ranking, best)
    for one in ranking.best[1:]:
        if len(given.parts) >= most or one.score < SECOND_BEST * best.score:
            return
        is_rival = not is_sure and len(given.parts) == 1 and one.score >= RIVAL * best.score
        adds = is_rival and _is_told(question, one)
        adds = adds or _adds(one, question, given.parts, ranking) or _differs(one, best, given.parts)
        if given.has(one) or not adds:
            continue
        part = expand.one(one)
        if not any(part.text == other.text or _overlaps(part, other) for other in given.parts):
            given.take(part)


def _is_told(question: Question, one: Candidate) -> bool:
    """Whether a sentence tells it: of steps, lists and rows a reader's words are a part."""
    return question.wanted not in (Wanted.STEPS, Wanted.LIST) and one.statement.kind is StatementKind.SENTENCE


def _follows(one: Candidate, part: _Part) -> bool:
    """Whether it stands in the same paragraph, right before or behind."""
    ours, theirs = one.statement, part.used[0].statement
    same = ours.passage is theirs.passage and ours.block == theirs.block
    return same and min(abs(ours.start - part.end), abs(part.start - ours.end)) <= 2


def _leading(parts: Sequence[_Part]) -> list[Candidate]:
    return [one.before for part in parts for one in part.used if one.before is not None]


def _adds(one: Candidate, question: Question, given: Sequence[_Part], ranking: Ranking) -> bool:
    """Whether it covers anew: another part of a question that has several, or what its own neighbour begins."""
    if not (question.is_compound or any(_follows(one, part) for part in given)):
        return False
    covered = frozenset[str]().union(*(part.terms for part in given), *(each.terms for each in _leading(given)))
    gained = sum(weight for term, weight in ranking.weights.items() if term in one.terms and term not in covered)
    return gained >= NEW_SHARE * sum(ranking.weights.values())


def _differs(one: Candidate, best: Candidate, given: Sequence[_Part]) -> bool:
    """Another document says the same with other figures: who asks should see both."""
    ours, theirs = best.statement, one.statement
    if len(given) > 1 or ours.passage.stored.document_id == theirs.passage.stored.document_id:
        return False
    if one.score < RIVAL * best.score or ours.kind is not StatementKind.SENTENCE or theirs.kind is not ours.kind:
        return False
    shared = one.terms & best.terms
    figures = [{term for term in each.terms if any(c.isdigit() for c in term)} for each in (one, best)]
    return len(shared) >= ALIKE * len(one.terms | best.terms) and all(figures) and figures[0] != figures[1]


def _overlaps(one: _Part, other: _Part) -> bool:
    ours, theirs = one.used[0].statement.passage.stored, other.used[0].statement.passage.stored
    if ours.document_id != theirs.document_id or ours.version != theirs.version:
        return False
    first, second = ours.char_start + one.start, theirs.char_start + other.start
    return first < theirs.char_start + other.end and second < ours.char_start + one.end


class _Expand:
    """What must be shown with a statement."""

    def __init__(self, question: Question, ranking: Ranking, style: Style) -> None:
        self._question, self._ranking, self._style = question, ranking, style

    def all(self, best: Candidate) -> list[_Part]:
        """The part of the best one; of a row, those of the rows that answer as well; a column that is asked for."""
        if self._question.wanted is Wanted.LIST and (listed := self._column()):
            return listed
        if best.statement.kind is StatementKind.ROW:
            rows = tied_rows(self._question, self._ranking.best)[:MAX_ROWS]
            return [self._row(one) for one in rows]
        return [self.one(best)]

    def one(self, chosen: Candidate) -> _Part:
        kind = chosen.statement.kind
        if kind is StatementKind.ROW:
            return self._row(chosen)
        around = self._ranking.in_order[chosen.statement.passage.stored.chunk_id]
        place = next(number for number, one in enumerate(around) if one is chosen)
        if chosen.statement.text.endswith((":", "：")) and (rows := self._rows_below(around, place)):
            return self._with_rows(chosen, rows)
        first, last = self._span(around, place)
        return self._part(around[first : last + 1], chosen)

    def _rows_below(self, around: Sequence[Candidate], place: int) -> list[Candidate]:
        below = takewhile(lambda one: one.statement.kind is StatementKind.ROW, around[place + 1 :])
        return [one for one in below if _together(around[place], one)]

    def _with_rows(self, chosen: Candidate, rows: Sequence[Candidate]) -> _Part:
        """A sentence that introduces a table, and as many of its rows as fit."""
        used, lines, left = [chosen], [chosen.statement.text], self._style.max_characters - len(chosen.statement.text)
        for row in rows:
            line = shown(self._question, row)
            if left < len(line) + 1:
                break
            used.append(row)
            lines.append(line)
            left -= len(line) + 1
        return _Part(tuple(used), "\n".join(lines), chosen.statement.start, used[-1].statement.end)

    def _column(self) -> list[_Part]:
        """“Which formats …?”: the values of a column of that name, where the passages have one."""
        parts, left = list[_Part](), self._style.max_characters
        for rows in column_rows(self._question, self._ranking):
            text = "; ".join(dict.fromkeys(value for row, number in rows if (value := row.statement.cells[number])))
            if text and len(text) + 1 <= left:
                used = tuple(row for row, _ in rows)
                parts.append(_Part(used, text, used[0].statement.start, used[-1].statement.end))
                left -= len(text) + 1
        return parts

    def _row(self, chosen: Candidate) -> _Part:
        statement = chosen.statement
        return _Part((chosen,), shown(self._question, chosen), statement.start, statement.end)

    def _span(self, around: Sequence[Candidate], place: int) -> tuple[int, int]:
        """Numbers of the first and last statement that are shown with the one at `place`."""
        chosen = around[place]
        if self._is_listed(chosen):
            return self._list(around, place) if self._wants_all(chosen) else (place, place)
        following = around[place + 1] if place + 1 < len(around) else None
        if following is not None and following.before is chosen and self._introduces(chosen, following):
            return place, self._end_of_list(around, place + 1)
        if self._question.wanted is Wanted.STEPS and chosen.asked >= ASKED:
            same = [number for number, one in enumerate(around) if one.statement.block == chosen.statement.block]
            return same[0], same[-1]
        first = place - 1 if place and chosen.before is around[place - 1] else place
        return first, self._last(around, place)

    def _last(self, around: Sequence[Candidate], place: int) -> int:
        """Further sentences of its paragraph: one that holds the value, some where details are wanted."""
        chosen, last = around[place], place
        same = [one.statement.block == chosen.statement.block for one in around[place + 1 : place + 3]]
        if same[:1] == [True] and not holds_value(self._question, chosen.statement.text):
            following = around[place + 1]
            last += holds_value(self._question, following.statement.text) and following.before is chosen
        if self._style.response_style == "detailed":
            last = max(last, place + (same.index(False) if False in same else len(same)))
        return last

    def _is_listed(self, one: Candidate) -> bool:
        return one.statement.kind in (StatementKind.ITEM, StatementKind.CODE) or one.statement.is_step

    def _wants_all(self, one: Candidate) -> bool:
        """Of the list that an item stands in: where the list is asked for, or its introduction says more than it."""
        if self._question.wanted in (Wanted.STEPS, Wanted.LIST) or one.statement.kind is StatementKind.CODE:
            return True
        return one.before is not None and one.before.own > one.own

    def _introduces(self, one: Candidate, following: Candidate) -> bool:
        return (
            one.statement.text.endswith((":", "："))
            or following.statement.is_step
            or (self._question.wanted in (Wanted.STEPS, Wanted.LIST) and self._is_listed(following))
        )

    def _list(self, around: Sequence[Candidate], place: int) -> tuple[int, int]:
        first = place
        while first and self._is_listed(around[first - 1]) and _together(around[first - 1], around[first]):
            first -= 1
        if first and around[first].before is around[first - 1]:
            first -= 1
        return first, self._end_of_list(around, place)

    def _end_of_list(self, around: Sequence[Candidate], place: int) -> int:
        last = place
        while (
            last + 1 < len(around) and self._is_listed(around[last + 1]) and _together(around[last], around[last + 1])
        ):
            last += 1
        return last

    def _part(self, chosen: Sequence[Candidate], wanted: Candidate) -> _Part:
        """A run of statements as one slice; what does not fit is left out behind the wanted one, then before it."""
        used = list(chosen)
        limit = self._style.max_characters
        while len(used) > 1 and used[-1].statement.end - used[0].statement.start > limit:
            used.pop(0 if used[-1] is wanted else -1)
        start, end = used[0].statement.start, used[-1].statement.end
        text = wanted.statement.passage.stored.content[start:end]
        alone = len(used) == 1 and wanted.statement.kind is StatementKind.ITEM
        return _Part(tuple(used), ITEM_MARK.sub("", text) if alone else text, start, end)


def _together(one: Candidate, other: Candidate) -> bool:
    return one.statement.headings == other.statement.headings


def _quote(part: _Part) -> Quote:
    """The part's slice as a span of the document's stored text."""
    passage, start = part.passage, part.passage.stored.char_start
    return Quote(passage, start + part.start, start + part.end, passage.stored.content[part.start : part.end])


def _joined(parts: Sequence[_Part], max_characters: int) -> str:
    """One after the other; rows, items and code on lines of their own."""
    joined = ""
    for part in parts:
        own_line = part.used[0].statement.kind is not StatementKind.SENTENCE or "\n" in part.text or "\n" in joined
        joined += ("\n" if own_line and joined else " " if joined else "") + part.text
    return joined if len(joined) <= max_characters else joined[: max_characters - 1].rstrip() + "…"
