"""A row judged: figures of one question, each in 0..1.

A figure that has no meaning for a question is absent: rankings are judged where documents are known to be relevant,
citations where, besides, the question can be answered, answers where gold answers are known.

`f1` and `exact` compare the short answer, the first quote and the whole text of the answer with each gold answer; the
best counts. `short_f1` is the short answer's alone, where one was offered.
`contained`: a gold answer stands, token by token, in one of the first two quotes.

`right`, in this order:
* unanswerable question: an answer is never right, whatever it says;
* gold answers: `contained`, or `f1` is at least .5, or a gold answer of 12 tokens and more (CLAPnq's are sentences)
  holds the first quote of 4 tokens and more;
* a gold passage (site questions): the first cited document is relevant, and its quote stands in the passage;
* relevant documents only: the first cited document is relevant;
* none of these: not judged.
A fallback is not right. Tokens are SQuAD's (`domain.evaluation.answers`).
"""

from dataclasses import dataclass

from domain.evaluation.answers import citation_precision, citation_recall, contains, exact_match, token_f1, tokens
from domain.evaluation.ranking import hit, ndcg, reciprocal_rank
from evals.quality.rows import HYBRID, Row

ENOUGH_F1 = 0.5
LONG_GOLD_TOKENS, QUOTE_TOKENS = 12, 4
FIRST_QUOTES = 2
RANKING = ("ndcg@10", "hit@1", "hit@10", "mrr@10")
ANSWERS = ("right", "contained", "f1", "exact", "short_f1", "citation_precision", "citation_recall", "page_cited")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`figures` by name; those of the baselines begin with their mode: `dense.ndcg@10`."""

    row: Row
    figures: dict[str, float]

    @property
    def right(self) -> float | None:
        return self.figures.get("right")


def judge(row: Row, language: str = "en") -> Verdict:
    """All figures of a question; `language` (ISO 639-1) says which articles do not count."""
    figures = _ranking(row) | _citations(row) | _answer(row, language)
    right = _right(row, figures, language)
    return Verdict(row, figures if right is None else {"right": right} | figures)


def _ranking(row: Row) -> dict[str, float]:
    relevant = {one.document_id: one.grade for one in row.gold}
    found: dict[str, float] = {}
    for mode, ranked in row.rankings.items() if relevant else ():
        values = (ndcg(ranked, relevant, 10), hit(ranked, relevant, 1), hit(ranked, relevant, 10),
                  reciprocal_rank(ranked, relevant, 10))  # fmt: skip
        prefix = "" if mode == HYBRID else f"{mode}."
        found |= {f"{prefix}{name}": value for name, value in zip(RANKING, values, strict=True)}
    return found


def _citations(row: Row) -> dict[str, float]:
    """Over documents: two quotes of one are one citation."""
    gold = {one.document_id for one in row.gold}
    if not gold or not row.answerable:
        return {}
    cited = list(dict.fromkeys(one.document_id for one in row.cited))
    found = {"citation_precision": citation_precision(cited, gold), "citation_recall": citation_recall(cited, gold)}
    if row.pages:
        wanted = set(row.pages)
        found["page_cited"] = float(any((one.document_id, one.page) in wanted for one in row.cited))
    return found


def _answer(row: Row, language: str) -> dict[str, float]:
    if not row.answers or not row.answerable:
        return {}
    said = [row.answer, *(one.quote for one in row.cited[:1]), *([row.short] if row.short else [])]
    said = said if row.answered else []
    quotes = [one.quote for one in row.cited[:FIRST_QUOTES]]
    found = {
        "contained": contains(quotes, row.answers, language),
        "f1": max((token_f1(text, row.answers, language) for text in said), default=0.0),
        "exact": max((exact_match(text, row.answers, language) for text in said), default=0.0),
    }
    return found | ({"short_f1": token_f1(row.short, row.answers, language)} if row.short else {})


def _right(row: Row, figures: dict[str, float], language: str) -> float | None:
    gold = {one.document_id for one in row.gold}
    if row.answerable and not (row.answers or gold):
        return None
    if not row.answered or not row.answerable:
        return 0.0
    if row.answers:
        good = figures["contained"] or figures["f1"] >= ENOUGH_F1 or _within_gold(row, language)
        return float(bool(good))
    if not row.cited or row.cited[0].document_id not in gold:
        return 0.0
    return contains([row.passage], [row.cited[0].quote], language) if row.passage else 1.0


def _within_gold(row: Row, language: str) -> bool:
    if not row.cited or len(tokens(row.cited[0].quote, language)) < QUOTE_TOKENS:
        return False
    long = [gold for gold in row.answers if len(tokens(gold, language)) >= LONG_GOLD_TOKENS]
    return bool(contains(long, [row.cited[0].quote], language))
