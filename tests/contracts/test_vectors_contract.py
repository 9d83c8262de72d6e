"""What every vector store does, on each of its implementations."""

import subprocess
import sys
import uuid

import numpy as np
import pytest

from core.errors import Unavailable
from core.vectors.edge import EdgeVectorStore
from core.vectors.memory import MemoryVectorStore
from core.vectors.protocol import Scope, SparseQuery
from core.vectors.qdrant import QdrantVectorStore
from evals.faults.processes import free_port, wait_for_port
from evals.faults.services import QDRANT
from tests.support.vector_points import DENSE, MODEL, dense_query, point, sparse, sparse_query, unit

W1, W2 = Scope("w1"), Scope("w2")


@pytest.fixture(scope="module")
def standin(tmp_path_factory):
    """The client's own wire format over HTTP, where no server is to be had."""
    port = free_port()
    command = [sys.executable, "-m", "evals.faults.qdrant_standin", str(port), str(tmp_path_factory.mktemp("standin"))]
    with subprocess.Popen(command) as process:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
        process.kill()


@pytest.fixture(params=["memory", "edge", "local", "wire", *(["server"] if QDRANT else [])])
def store(request, tmp_path):
    if request.param == "memory":
        made = MemoryVectorStore()
    elif request.param == "edge":
        made = EdgeVectorStore(tmp_path / "vectors", DENSE)
    elif request.param == "local":
        made = QdrantVectorStore(":memory:", DENSE)
    elif request.param == "wire":
        made = QdrantVectorStore(request.getfixturevalue("standin"), DENSE, collection=f"test-{uuid.uuid4().hex}")
    else:
        made = QdrantVectorStore(QDRANT, DENSE, collection=f"test-{uuid.uuid4().hex}")
    yield made
    if request.param == "server":
        made._client.delete_collection(made._collection)
    made.close()


def numbers(hits):
    return [hit.chunk_index for hit in hits]


class TestUpsert:
    def test_writing_twice_is_writing_once(self, store):
        store.upsert([point(1), point(2)])
        store.upsert([point(1), point(2)])
        assert store.count(W1) == 2

    def test_the_later_write_of_an_id_replaces_the_earlier(self, store):
        store.upsert([point(1)])
        store.upsert([point(1, collection_id="c2", dense={MODEL: unit(9)}, sparse=sparse({55: 1.0}))])
        dense, old, new = store.search(W1, [dense_query(9), sparse_query(7), sparse_query(55)], 5)
        assert dense[0].score == pytest.approx(1.0, abs=1e-4)
        assert dense[0].collection_id == "c2"
        assert (numbers(old), numbers(new)) == ([], [1])

    def test_more_points_than_one_slice_arrive(self, store):
        store.upsert([point(i) for i in range(700)])
        assert store.count(W1) == 700

    def test_a_point_without_terms_is_found_by_its_dense_vector_only(self, store):
        store.upsert([point(1, sparse=sparse({}))])
        dense, words = store.search(W1, [dense_query(1), sparse_query(7)], 5)
        assert (numbers(dense), numbers(words)) == ([1], [])

    def test_nothing_to_write_is_no_error(self, store):
        store.upsert([])
        assert store.count(W1) == 0


class TestSearch:
    def test_branches_come_back_in_the_order_of_the_queries(self, store):
        store.upsert([point(i) for i in range(20)])
        by_term, by_vector = store.search(W1, [sparse_query(113), dense_query(5)], 3)
        assert numbers(by_term) == [13]
        assert numbers(by_vector)[0] == 5
        assert len(by_vector) == 3

    def test_a_hit_names_its_document_version_and_chunk(self, store):
        store.upsert([point(3, document_id="d9", collection_id="c4", version=6)])
        hit = store.search(W1, [dense_query(3)], 1)[0][0]
        assert hit.id == point(3).id
        assert (hit.document_id, hit.collection_id, hit.version, hit.chunk_index) == ("d9", "c4", 6, 3)

    def test_dense_scores_are_cosines_best_first(self, store):
        store.upsert([point(i) for i in range(30)])
        hits = store.search(W1, [dense_query(100)], 30)[0]
        cosines = {i: float(unit(i) @ unit(100)) for i in range(30)}
        assert numbers(hits) == sorted(cosines, key=lambda i: -cosines[i])
        assert [h.score for h in hits] == pytest.approx([cosines[i] for i in numbers(hits)], abs=1e-4)

    def test_exact_and_default_agree_on_a_small_set(self, store):
        store.upsert([point(i) for i in range(50)])
        found = [numbers(store.search(W1, [dense_query(77)], 10, exact=exact)[0]) for exact in (True, False)]
        assert found[0] == found[1]

    def test_a_rare_term_weighs_more_than_a_common_one(self, store):
        common = [point(i, sparse=sparse({7: 1.0})) for i in range(10)]
        store.upsert([*common, point(50, sparse=sparse({8: 1.0}))])
        hits = store.search(W1, [sparse_query(7, 8)], 20)[0]
        assert numbers(hits)[0] == 50
        assert hits[0].score > hits[1].score > 0

    def test_sparse_scores_are_bm25_with_the_workspaces_idf(self, store):
        store.upsert([point(i, sparse=sparse({7: 1.5} if i < 3 else {9: 1.0})) for i in range(10)])
        hits = store.search(W1, [sparse_query(7)], 5)[0]
        assert [h.score for h in hits] == pytest.approx([1.5 * np.log(1 + 7.5 / 3.5)] * 3, rel=1e-3)

    def test_another_workspaces_content_does_not_change_sparse_scores(self, store):
        store.upsert([point(i) for i in range(10)])
        before = store.search(W1, [sparse_query(7, 103)], 10)[0]
        store.upsert([point(i, "w2", sparse=sparse({7: 1.0, 103: 3.0})) for i in range(200)])
        after = store.search(W1, [sparse_query(7, 103)], 10)[0]
        assert sorted(h.score for h in after) == pytest.approx(sorted(h.score for h in before), rel=1e-5)

    def test_a_query_without_terms_finds_nothing_and_leaves_the_others(self, store):
        store.upsert([point(1)])
        empty, dense = store.search(W1, [SparseQuery(sparse({})), dense_query(1)], 5)
        assert (empty, numbers(dense)) == ([], [1])

    def test_unknown_terms_find_nothing(self, store):
        store.upsert([point(1)])
        assert store.search(W1, [sparse_query(999)], 5) == [[]]


class TestIsolation:
    @pytest.fixture(autouse=True)
    def _two_workspaces(self, store):
        store.upsert([point(i) for i in range(5)] + [point(i, "w2") for i in range(5, 9)])

    def test_search_sees_only_its_own(self, store):
        dense, words = store.search(W1, [dense_query(6), sparse_query(7)], 50)
        assert set(numbers(dense)) == set(numbers(words)) == {0, 1, 2, 3, 4}

    def test_count_and_ids_see_only_their_own(self, store):
        assert store.count(W1) == 5
        assert store.ids(W2) == {point(i, "w2").id for i in range(5, 9)}

    def test_delete_leaves_the_others(self, store):
        store.delete(W1)
        assert (store.count(W1), store.count(W2)) == (0, 4)

    def test_an_unknown_workspace_is_empty(self, store):
        assert store.search(Scope("w3"), [dense_query(1)], 5) == [[]]
        assert store.count(Scope("w3")) == 0

    def test_the_same_document_id_in_another_workspace_stays_apart(self, store):
        store.delete(Scope("w1", document_ids=("d1",)))
        assert store.count(Scope("w2", document_ids=("d1",))) == 4


SCOPES = [
    (Scope("w1"), {0, 1, 2, 3}),
    (Scope("w1", collection_ids=("c1",)), {0, 1}),
    (Scope("w1", collection_ids=("c1", "c2")), {0, 1, 2, 3}),
    (Scope("w1", collection_ids=()), set()),
    (Scope("w1", document_ids=("d1", "d3")), {0, 3}),
    (Scope("w1", document_ids=()), set()),
    (Scope("w1", languages=("de",)), {1, 3}),
    (Scope("w1", languages=()), set()),
    (Scope("w1", version=2), {2}),
    (Scope("w1", before_version=3), {0, 2}),
    (Scope("w1", without_documents=("d1", "d9")), {1, 2, 3}),
    (Scope("w1", collection_ids=("c2",), languages=("de",), version=4), {3}),
    (Scope("w1", collection_ids=("c1",), version=4), set()),
]


class TestScope:
    @pytest.fixture(autouse=True)
    def _points(self, store):
        store.upsert(
            [
                point(0, document_id="d1", version=1),
                point(1, document_id="d2", version=3, language="de"),
                point(2, document_id="d2", version=2, collection_id="c2"),
                point(3, document_id="d3", version=4, collection_id="c2", language="de"),
            ]
        )

    @pytest.mark.parametrize(("scope", "expected"), SCOPES)
    def test_every_read_keeps_to_the_scope(self, store, scope, expected):
        dense, words = store.search(scope, [dense_query(0), sparse_query(7)], 10)
        assert set(numbers(dense)) == set(numbers(words)) == expected
        assert store.count(scope) == len(expected)
        assert store.ids(scope) == {point(i).id for i in expected}

    @pytest.mark.parametrize(("scope", "expected"), SCOPES)
    def test_delete_removes_the_scope_and_nothing_else(self, store, scope, expected):
        store.delete(scope)
        assert store.ids(W1) == {point(i).id for i in range(4) if i not in expected}


class TestUpkeep:
    def test_optimize_changes_no_result(self, store):
        store.upsert([point(i) for i in range(300)])
        before = store.search(W1, [dense_query(900), sparse_query(150)], 10)
        store.optimize()
        after = store.search(W1, [dense_query(900), sparse_query(150)], 10)
        assert [numbers(hits) for hits in after] == [numbers(hits) for hits in before]

    def test_check_answers_with_a_line(self, store):
        store.upsert([point(1)])
        assert "\n" not in store.check()
        assert "1 point" in store.check()


class TestUnreachableServer:
    def test_a_server_that_is_down_is_unavailable(self, free_port):
        with pytest.raises(Unavailable, match="does not answer"):
            QdrantVectorStore(f"http://127.0.0.1:{free_port}", DENSE, timeout_s=2)

    @pytest.fixture
    def free_port(self):
        import socket

        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            yield reserved.getsockname()[1]  # bound but not listening: refused
