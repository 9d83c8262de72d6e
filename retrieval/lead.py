"""What is said first: yes or no, a time, an amount, a name; the statement that says so follows.

“When was the bridge opened?” – “12 May 1931. The bridge was opened on 12 May 1931 after four years.”
"""

from retrieval.answers import ShortAnswer
from retrieval.extract import Candidate, Ranking, holds_value
from retrieval.passages import Passage
from retrieval.polarity import Polarity
from retrieval.question import Question, Wanted
from retrieval.scaling import probability
from retrieval.statements import StatementKind

SURE = 0.5  # probability that the passage answers, from which on the reader's words are offered
SURER, SURE_MARGIN = 0.7, 2.0  # the same, from which on no other statement is shown beside it
MAX_CHARACTERS = 60  # of a value: longer ones are told by their sentence
SHORTER_BY = 20  # characters that the sentence must be longer than its value to be worth a lead
_VALUES = (Wanted.TIME, Wanted.AMOUNT, Wanted.MONEY, Wanted.PERSON)
_EDGES = " \t\n.,;:–-"


def holds_answer(ranking: Ranking, one: Candidate) -> bool:
    """Whether the reader is sure that its passage answers, with words of this statement."""
    heard = ranking.heard.get(one.statement.passage.stored.chunk_id)
    if heard is None or heard.span is None or heard.margin < SURE_MARGIN:
        return False
    first, last = heard.span
    return probability(heard.relevance) >= SURER and one.statement.start < last and first < one.statement.end


def short_answer(ranking: Ranking, passage: Passage, start: int, end: int) -> ShortAnswer | None:
    """What the reader says that answers, where it lies in `content[start:end]` and the reader is sure."""
    heard = ranking.heard.get(passage.stored.chunk_id)
    if heard is None or heard.span is None or heard.margin <= 0 or probability(heard.relevance) < SURE:
        return None
    first, last = heard.span
    if first < start or last > end:
        return None
    stored = passage.stored
    return ShortAnswer(stored.char_start + first, stored.char_start + last, stored.content[first:last])


def lead(question: Question, said: Candidate, short: ShortAnswer | None, polarity: Polarity | None) -> str | None:
    """A sentence of its own, or nothing."""
    text, stored = said.statement.text, said.statement.passage.stored
    if said.statement.kind not in (StatementKind.SENTENCE, StatementKind.ITEM):
        return None
    word = polarity.word(question, text, " ".join((stored.title, *said.statement.headings))) if polarity else None
    if word:
        return f"{word}."
    return _value(question, text, short.text.strip(_EDGES)) if short else None


def _value(question: Question, text: str, value: str) -> str | None:
    if question.wanted not in _VALUES or not value or len(value) > MAX_CHARACTERS:
        return None
    is_one = value[0].isupper() if question.wanted is Wanted.PERSON else holds_value(question, value)
    if not is_one or len(text) < len(value) + SHORTER_BY or text.startswith(value):
        return None
    return f"{value[0].upper()}{value[1:]}."
