"""Ranking metrics of one question, each in 0..1: how well a list of documents, best first, serves graded judgements.

`ranked` has each document once. `relevant` maps document to grade; what it lacks has grade 0. As in trec_eval, which
BEIR's figures come from: the gain is the grade itself (Järvelin and Kekäläinen 2002).
"""

import math
from collections.abc import Iterable, Mapping, Sequence


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """Normalised discounted cumulative gain at `k`; 0 where nothing is relevant."""
    ideal = _dcg(sorted(relevant.values(), reverse=True)[:k])
    return _dcg(relevant.get(document, 0.0) for document in ranked[:k]) / ideal if ideal > 0 else 0.0


def recall(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """Share of the relevant documents among the first `k`; 0 where nothing is relevant."""
    wanted = _relevant(relevant)
    return len(wanted.intersection(ranked[:k])) / len(wanted) if wanted else 0.0


def hit(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """1 where any of the first `k` is relevant."""
    return float(not _relevant(relevant).isdisjoint(ranked[:k]))


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """1 / rank of the first relevant document within `k`, else 0; its mean is MRR@k."""
    wanted = _relevant(relevant)
    return next((1 / rank for rank, document in enumerate(ranked[:k], start=1) if document in wanted), 0.0)


def _dcg(grades: Iterable[float]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def _relevant(grades: Mapping[str, float]) -> set[str]:
    return {document for document, grade in grades.items() if grade > 0}
