"""Search: question → ranked passages. Dense and sparse in one round trip, the tenant's filter in both."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.embedding.protocol import EmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.embedding.words import codes_of
from core.vectors.protocol import DenseQuery, Hit, Index, Scope, SparseQuery
from retrieval.fusion import DENSE_WEIGHT, fuse
from retrieval.passages import Passage, PassageStore, StoredPassage

CANDIDATES = 60
TRIES = 3
MAX_QUERY_CHARACTERS = 2_000
DetectLanguage = Callable[[str], str | None]


class Mode(StrEnum):
    """Which branches are asked: by meaning and by words, or one of them alone, as what the two are measured beside."""

    HYBRID = "hybrid"
    DENSE = "dense"
    SPARSE = "sparse"


_WEIGHT_OF_DENSE = {Mode.HYBRID: DENSE_WEIGHT, Mode.DENSE: 1.0, Mode.SPARSE: 0.0}


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, and how long each part took in milliseconds."""

    passages: list[Passage]
    timings_ms: dict[str, float] = field(default_factory=dict)


class Searcher:
    def __init__(self, vectors: Index, model: EmbeddingModel, sparse: SparseEncoder) -> None:
        self._vectors, self._model, self._sparse = vectors, model, sparse

    def search(
        self,
        store: PassageStore,
        scope: Scope,
        question: str,
        top_k: int,
        *,
        language: str | None = None,
        mode: Mode = Mode.HYBRID,
    ) -> Found:
        """The `top_k` best passages of `scope`; none for a question without a word."""
        question = " ".join(question.split())[:MAX_QUERY_CHARACTERS]
        if not question or scope.collection_ids == ():
            return Found([])
        clock = Clock()
        codes = codes_of(question) if mode is Mode.HYBRID else frozenset()
        queries = self._queries(question, language or "en", mode, codes)
        clock.lap("embed")
        for _ in range(TRIES):
            found = self._vectors.search(scope, queries, max(CANDIDATES, top_k))
            dense, sparse, exact = _branches(found, mode, codes)
            clock.lap("vectors")
            ranked = fuse(dense, sparse, exact, number_of_codes=len(codes), dense_weight=_WEIGHT_OF_DENSE[mode])
            stored = _loaded(store, scope, [key for key, _ in ranked], top_k)
            clock.lap("passages")
            if not _overtaken(store, scope, ranked[:top_k], [*dense, *sparse, *exact], stored):
                break
        return Found(_passages(ranked, stored, dense, sparse)[:top_k], clock.laps)

    def _queries(
        self, question: str, language: str, mode: Mode, codes: frozenset[str]
    ) -> list[DenseQuery | SparseQuery]:
        """By meaning and by words; where codes are named, by those whole, too."""
        queries: list[DenseQuery | SparseQuery] = []
        if mode is not Mode.SPARSE:
            queries.append(DenseQuery(self._model.name, self._model.embed_query(question)))
        if mode is not Mode.DENSE:
            queries.append(SparseQuery(self._sparse.encode_query(question, language)))
        if codes:
            queries.append(SparseQuery(self._sparse.encode_terms(codes)))
        return queries


def _branches(found: list[list[Hit]], mode: Mode, codes: frozenset[str]) -> tuple[list[Hit], list[Hit], list[Hit]]:
    """Hits by meaning, by words and by codes; none of what was not asked."""
    left = list(found)
    exact = left.pop() if codes else []
    return (left[0] if mode is not Mode.SPARSE else [], left[-1] if mode is not Mode.DENSE else [], exact)


def _overtaken(
    store: PassageStore,
    scope: Scope,
    best: Sequence[tuple[str, float]],
    hits: Sequence[Hit],
    stored: dict[str, StoredPassage],
) -> bool:
    """A document was replaced between the look into the index and the one into SQL: its old passages are not live any
    more, and its new ones were not there yet. Only another search finds it."""
    if all(key in stored for key, _ in best):
        return False
    by_id, found = {hit.id: hit for hit in hits}, {passage.document_id for passage in stored.values()}
    lost = [by_id[key] for key, _ in best if key not in stored and by_id[key].document_id not in found]
    return bool(lost) and store.replaced(scope, {hit.document_id: hit.version for hit in lost})


def _loaded(store: PassageStore, scope: Scope, keys: Sequence[str], top_k: int) -> dict[str, StoredPassage]:
    """The best `top_k`; more only where some of them belong to versions that are not live any more."""
    stored = store.load(scope, keys[:top_k])
    if len(stored) < min(top_k, len(keys)):
        stored |= store.load(scope, keys[top_k : 3 * top_k + CANDIDATES])
    return stored


def _passages(
    ranked: Sequence[tuple[str, float]], stored: dict[str, StoredPassage], dense: Sequence[Hit], sparse: Sequence[Hit]
) -> list[Passage]:
    cosine = {hit.id: hit.score for hit in dense}
    bm25 = {hit.id: hit.score for hit in sparse}
    return [Passage(stored[key], score, cosine.get(key), bm25.get(key)) for key, score in ranked if key in stored]


class Clock:
    """Milliseconds of each part of a question."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(self.laps.get(name, 0.0) + (now - self._last) * 1000, 2)
        self._last = now
