"""An exact index in memory, for tests: the same meaning as the engines, nothing kept."""

import threading
from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.vectors.protocol import DenseQuery, Hit, Point, Scope, SparseQuery, SparseVector


class MemoryVectorStore:
    """Implements `core.vectors.protocol.VectorStore`."""

    def __init__(self) -> None:
        self._points: dict[str, Point] = {}
        self._lock = threading.Lock()

    def upsert(self, points: Sequence[Point]) -> None:
        """Replace by id."""
        with self._lock:
            self._points |= {point.id: point for point in points}

    def search(
        self, scope: Scope, queries: Sequence[DenseQuery | SparseQuery], limit: int, *, exact: bool = False
    ) -> list[list[Hit]]:
        """Always exact."""
        return [self._branch(scope, query)[:limit] for query in queries]

    def count(self, scope: Scope) -> int:
        """Points in scope."""
        return len(self._within(scope))

    def ids(self, scope: Scope) -> set[str]:
        """Ids in scope."""
        return {point.id for point in self._within(scope)}

    def owners(self, scope: Scope) -> dict[tuple[str, int], int]:
        """Points in scope by document and version."""
        return Counter((point.document_id, point.version) for point in self._within(scope))

    def workspaces(self) -> set[str]:
        """All workspaces that have points."""
        with self._lock:
            return {point.workspace_id for point in self._points.values()}

    def delete(self, scope: Scope) -> None:
        """Remove all points in scope."""
        for point in self._within(scope):
            with self._lock:
                self._points.pop(point.id, None)

    def optimize(self) -> None:
        """Nothing to build."""

    def check(self) -> str:
        """A line for `doctor`."""
        return f"memory: {len(self._points)} points"

    def close(self) -> None:
        """Nothing to release."""

    def _within(self, scope: Scope) -> list[Point]:
        with self._lock:
            return [point for point in self._points.values() if _matches(scope, point)]

    def _branch(self, scope: Scope, query: DenseQuery | SparseQuery) -> list[Hit]:
        points = self._within(scope)
        if isinstance(query, DenseQuery):
            scored = [(float(p.dense[query.name] @ query.vector), p) for p in points if query.name in p.dense]
        else:
            idf = self._idf(scope.workspace_id, query.vector)
            scored = [(_bm25(p.sparse, idf), p) for p in points]
            scored = [(score, p) for score, p in scored if score > 0]
        scored.sort(key=lambda pair: (-pair[0], pair[1].id))
        return [Hit(p.id, s, p.collection_id, p.document_id, p.version, p.chunk_index) for s, p in scored]

    def _idf(self, workspace_id: str, query: SparseVector) -> dict[int, float]:
        """Query weight times IDF (Robertson and Zaragoza 2009, with +1 so that it is never negative)."""
        corpus = [p.sparse for p in self._within(Scope(workspace_id)) if len(p.sparse.indices)]
        weights = {}
        for term, weight in zip(query.indices.tolist(), query.values.tolist(), strict=True):
            having = sum(1 for sparse in corpus if term in sparse.indices)
            weights[term] = weight * float(np.log(1 + (len(corpus) - having + 0.5) / (having + 0.5)))
        return weights


def _bm25(sparse: SparseVector, weights: dict[int, float]) -> float:
    pairs = zip(sparse.indices.tolist(), sparse.values.tolist(), strict=True)
    return float(sum(value * weights.get(term, 0.0) for term, value in pairs))


def _matches(scope: Scope, point: Point) -> bool:
    return (
        point.workspace_id == scope.workspace_id
        and (scope.collection_ids is None or point.collection_id in scope.collection_ids)
        and (scope.document_ids is None or point.document_id in scope.document_ids)
        and (scope.languages is None or point.language in scope.languages)
        and (scope.version is None or point.version == scope.version)
        and (scope.before_version is None or point.version < scope.before_version)
        and point.document_id not in scope.without_documents
    )
