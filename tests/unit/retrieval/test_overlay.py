"""With a document over the index that is not in it, a search finds what it would find if it were."""

from collections.abc import Mapping, Sequence

import pytest

from core.embedding.fake import FakeEmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.ids import point_id
from core.vectors.memory import MemoryVectorStore
from core.vectors.protocol import DenseQuery, Point, Scope, SparseQuery
from retrieval.overlay import COUNTED, OverlaidIndex, OverlaidPassages, Overlay
from retrieval.passages import StoredPassage

MODEL, SPARSE = FakeEmbeddingModel(), SparseEncoder()
THERE = ["The frame is covered for ten years.", "Our office is in Riga.", "The battery is made in Riga.", "We ship."]
NEW = ["The battery is covered for two years.", "A helmet is included."]


def points(texts: Sequence[str], document: str, collection: str = "c1") -> list[Point]:
    return [
        Point(
            point_id("w", document, 1, number), "w", collection, document, 1, number, "en",
            {MODEL.name: MODEL.embed_query(text)}, SPARSE.encode_passage(text, "en"),
        )
        for number, text in enumerate(texts)
    ]  # fmt: skip


@pytest.fixture
def index() -> MemoryVectorStore:
    made = MemoryVectorStore()
    made.upsert(points(THERE, "d1"))
    return made


def queries(text: str) -> list[DenseQuery | SparseQuery]:
    return [DenseQuery(MODEL.name, MODEL.embed_query(text)), SparseQuery(SPARSE.encode_query(text, "en"))]


class TestIndex:
    @pytest.mark.parametrize("question", ["How long is the battery covered?", "Is a helmet included?", "Riga office"])
    def test_finds_what_it_would_if_it_were_there(self, index: MemoryVectorStore, question: str) -> None:
        over = OverlaidIndex(index, Overlay(points(NEW, "draft"), {}))
        found = over.search(Scope("w"), queries(question), 10)
        assert over.count(Scope("w")) == 6
        index.upsert(points(NEW, "draft"))
        real = index.search(Scope("w"), queries(question), 10)
        assert [hit.id for hit in found[0]] == [hit.id for hit in real[0]]
        own = {hit.id: hit.score for hit in real[1] if hit.document_id == "draft"}
        assert {hit.id: hit.score for hit in found[1] if hit.document_id == "draft"} == pytest.approx(own)

    def test_common_terms_are_as_rare_as_their_scores_say(self, index: MemoryVectorStore) -> None:
        index.upsert(points([f"The battery of model {number}." for number in range(COUNTED)], "d2"))
        over = OverlaidIndex(index, Overlay(points(NEW, "draft"), {}))
        (_, found) = over.search(Scope("w"), queries("battery"), 2 * COUNTED)
        index.upsert(points(NEW, "draft"))
        (_, real) = index.search(Scope("w"), queries("battery"), 2 * COUNTED)
        scores = [next(hit.score for hit in hits if hit.document_id == "draft") for hits in (found, real)]
        assert scores[0] == pytest.approx(scores[1], rel=0.4)

    def test_only_in_its_collection(self, index: MemoryVectorStore) -> None:
        over = OverlaidIndex(index, Overlay(points(NEW, "draft", "c2"), {}))
        found = over.search(Scope("w", collection_ids=("c1",)), queries("battery"), 10)
        assert {hit.document_id for hits in found for hit in hits} == {"d1"}
        assert over.search(Scope("w", collection_ids=("c2",)), queries("helmet"), 1)[0][0].document_id == "draft"

    def test_in_place_of_what_is_stored_of_the_document(self, index: MemoryVectorStore) -> None:
        over = OverlaidIndex(index, Overlay(points(NEW, "d1"), {}))
        found = over.search(Scope("w", without_documents=("d1",)), queries("battery"), 10)
        assert len(found[0]) == len(NEW)


class Stored:
    """Passages as SQL would have them."""

    def load(self, _: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        return {one: passage(one, "d1") for one in chunk_ids}

    def replaced(self, _: Scope, versions: Mapping[str, int]) -> bool:
        return "d1" in versions


def passage(chunk: str, document: str) -> StoredPassage:
    return StoredPassage(chunk, document, None, "c", "T", None, "en", 1, 0, "x", (), None, 0, 1)


def test_passages_come_from_both() -> None:
    over = OverlaidPassages(Stored(), Overlay([], {"new": passage("new", "draft")}))
    loaded = over.load(Scope("w"), ["old", "new"])
    assert {key: one.document_id for key, one in loaded.items()} == {"old": "d1", "new": "draft"}
    assert not over.replaced(Scope("w"), {"draft": 0})
    assert over.replaced(Scope("w"), {"draft": 0, "d1": 1})
