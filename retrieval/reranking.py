"""The reader's word in the order of statements.

A statement is worth more where its passage answers, and more again where it holds the words that answer. The reader
does not replace the search: it is sure of itself where it should not be, and reads only the first passages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from retrieval.extract import Candidate, Ranking
from retrieval.reading import Heard
from retrieval.scaling import probability

PASSAGE_WEIGHT = 0.5  # of the probability that the passage answers
SPAN_WEIGHT = 0.5  # the same, of the statement that holds the answer's words


def reheard(ranking: Ranking, heard: Mapping[str, Heard]) -> Ranking:
    """`ranking` with the scores that the readings make, by chunk."""
    in_order = {chunk: _weighed(around, heard.get(chunk)) for chunk, around in ranking.in_order.items()}
    best = sorted((one for around in in_order.values() for one in around), key=lambda one: -one.score)
    return replace(ranking, best=best, in_order=in_order, heard=dict(heard))


def _weighed(around: Sequence[Candidate], heard: Heard | None) -> list[Candidate]:
    """Candidates refer to one another, so all of a passage are made anew, in its order."""
    made: dict[int, Candidate] = {}
    for one in around:
        before = made[id(one.before)] if one.before is not None else None
        made[id(one)] = replace(one, score=one.score + _bonus(one, heard), before=before)
    return list(made.values())


def _bonus(one: Candidate, heard: Heard | None) -> float:
    if heard is None:
        return 0.0
    answers = probability(heard.relevance)
    holds = heard.span is not None and one.statement.start < heard.span[1] and heard.span[0] < one.statement.end
    return answers * (PASSAGE_WEIGHT + SPAN_WEIGHT * holds)
