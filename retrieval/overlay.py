"""Searching as if a document were there that is not: its passages over those of the index, and nothing is stored.

Its dense scores are exact. A sparse score needs the rarity of each term in the workspace, which the index multiplies in
and does not tell: terms in few passages are counted by a search for each, and that of common ones is taken from the
scores that they get (BM25, Robertson and Zaragoza 2009; +1 as in Qdrant's IDF, so that none is negative).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.embedding.sparse import K1, B
from core.vectors.protocol import DenseQuery, Hit, Index, Point, Scope, SparseQuery, SparseVector
from retrieval.passages import PassageStore, StoredPassage

COUNTED = 200  # passages up to which a term is counted
USUAL = (K1 + 1) / (1 + K1 * (1 - B))  # weight of a term that stands once in a short passage: the best of many have it


@dataclass(frozen=True, slots=True)
class Overlay:
    """A document that is not stored: its points, and its passages by the points' ids."""

    points: Sequence[Point]
    passages: Mapping[str, StoredPassage]


class OverlaidIndex:
    """Implements `core.vectors.protocol.Index`."""

    def __init__(self, index: Index, overlay: Overlay) -> None:
        self._index, self._points = index, overlay.points

    def search(
        self, scope: Scope, queries: Sequence[DenseQuery | SparseQuery], limit: int, *, exact: bool = False
    ) -> list[list[Hit]]:
        found = self._index.search(scope, queries, limit, exact=exact)
        own = [point for point in self._points if _is_in(scope, point)]
        if not own:
            return found
        return [
            sorted([*hits, *self._scored(scope, query, own)], key=lambda hit: (-hit.score, hit.id))[:limit]
            for query, hits in zip(queries, found, strict=True)
        ]

    def count(self, scope: Scope) -> int:
        return self._index.count(scope) + sum(_is_in(scope, point) for point in self._points)

    def _scored(self, scope: Scope, query: DenseQuery | SparseQuery, own: Sequence[Point]) -> list[Hit]:
        if isinstance(query, DenseQuery):
            return [_hit(one, float(one.dense[query.name] @ query.vector)) for one in own if query.name in one.dense]
        weights = self._weights(scope, query.vector)
        scored = [(one, _bm25(one.sparse, weights)) for one in own]
        return [_hit(one, score) for one, score in scored if score > 0]

    def _weights(self, scope: Scope, query: SparseVector) -> dict[int, float]:
        """Of each term of the query: its own weight times its rarity among all passages of the workspace."""
        everything = Scope(scope.workspace_id)
        of_all = self._index.count(everything) + len(self._points)
        terms = list(zip(query.indices.tolist(), query.values.tolist(), strict=True))
        probes = [SparseQuery(SparseVector(np.array([term], np.uint32), np.ones(1, np.float32))) for term, _ in terms]
        found = self._index.search(everything, probes, COUNTED)
        weights = {}
        for (term, weight), hits in zip(terms, found, strict=True):
            if len(hits) < COUNTED:
                having = len(hits) + sum(term in point.sparse.indices for point in self._points)
                rarity = math.log(1 + (of_all - having + 0.5) / (having + 0.5))
            else:
                rarity = hits[0].score / USUAL
            weights[term] = weight * rarity
        return weights


class OverlaidPassages:
    """Implements `retrieval.passages.PassageStore`."""

    def __init__(self, store: PassageStore, overlay: Overlay) -> None:
        self._store, self._passages = store, overlay.passages

    def load(self, scope: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        own = {one: self._passages[one] for one in chunk_ids if one in self._passages}
        return self._store.load(scope, [one for one in chunk_ids if one not in own]) | own

    def replaced(self, scope: Scope, versions: Mapping[str, int]) -> bool:
        own = {passage.document_id for passage in self._passages.values()}
        return self._store.replaced(scope, {key: number for key, number in versions.items() if key not in own})


def _is_in(scope: Scope, point: Point) -> bool:
    """As far as an answer's scope goes."""
    return scope.collection_ids is None or point.collection_id in scope.collection_ids


def _hit(point: Point, score: float) -> Hit:
    return Hit(point.id, score, point.collection_id, point.document_id, point.version, point.chunk_index)


def _bm25(sparse: SparseVector, weights: Mapping[int, float]) -> float:
    pairs = zip(sparse.indices.tolist(), sparse.values.tolist(), strict=True)
    return float(sum(value * weights.get(term, 0.0) for term, value in pairs))
