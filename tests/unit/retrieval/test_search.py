"""A search that races a document's replacement: SQL and index are asked one after the other."""

from collections.abc import Sequence
from dataclasses import replace

from core.embedding.fake import FakeEmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.vectors.memory import MemoryVectorStore
from core.vectors.protocol import DenseQuery, Hit, Scope, SparseQuery
from retrieval.passages import StoredPassage
from retrieval.search import Searcher
from tests.support.passages import WORKSPACE, Passages, points, stored

OLD = stored(1, "the lighthouse opens at nine")
NEW = replace(stored(2, "the lighthouse opens at ten"), document_id=OLD.document_id, version=2)


class Replaced(Passages):
    """A document whose new version goes live after the index was asked and before SQL is, `times` times."""

    def __init__(self, index: MemoryVectorStore, times: int) -> None:
        super().__init__([NEW])
        self._index, self._times = index, times
        self.asked = 0

    def load(self, scope: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        found = super().load(scope, chunk_ids)
        self.asked += 1
        if self.asked >= self._times:
            self._index.upsert(points([NEW]))
        return found


class Counting(MemoryVectorStore):
    searches = 0

    def search(
        self, scope: Scope, queries: Sequence[DenseQuery | SparseQuery], limit: int, *, exact: bool = False
    ) -> list[list[Hit]]:
        self.searches += 1
        return super().search(scope, queries, limit, exact=exact)


def search(times: int) -> list[str]:
    index = MemoryVectorStore()
    index.upsert(points([OLD]))
    store = Replaced(index, times)
    found = Searcher(index, FakeEmbeddingModel(), SparseEncoder()).search(store, Scope(WORKSPACE), "lighthouse", 5)
    return [passage.stored.content for passage in found.passages]


class TestReplacedMeanwhile:
    def test_new_version_is_found(self) -> None:
        assert search(1) == [NEW.content]

    def test_it_gives_up_in_the_end(self) -> None:
        assert search(10) == []

    def test_a_deleted_document_costs_no_second_search(self) -> None:
        index = Counting()
        index.upsert(points([OLD]))
        searcher = Searcher(index, FakeEmbeddingModel(), SparseEncoder())
        assert searcher.search(Passages([]), Scope(WORKSPACE), "lighthouse", 5).passages == []
        assert index.searches == 1
