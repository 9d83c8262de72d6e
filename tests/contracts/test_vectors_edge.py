"""What the embedded engine promises beyond the common contract: it keeps, it locks, it optimizes beside searches."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.vectors.edge import WRITE_ROOM_BYTES, EdgeVectorStore
from core.vectors.protocol import DenseQuery, Scope
from tests.support.vector_points import DENSE, MODEL, dense_query, point, sparse_query, unit

ROOT = Path(__file__).resolve().parents[2]
W1 = Scope("w1")
WRITER = """
import sys
from pathlib import Path
from core.vectors.edge import EdgeVectorStore
from core.vectors.protocol import Scope
from tests.support.vector_points import DENSE, point
store = EdgeVectorStore(Path(sys.argv[1]), DENSE)
store.upsert([point(i) for i in range(250)])
store.delete(Scope("w1", document_ids=("gone",)))
store.upsert([point(i, document_id="gone") for i in range(250, 260)])
store.delete(Scope("w1", document_ids=("gone",)))
print("written", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vectors"


@pytest.fixture
def writer(folder):
    """Another process that has written 250 points, deleted ten, and holds the folder."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert child.stdout.readline() == "written\n"
    yield child
    child.kill()
    child.communicate()


class TestFullDisk:
    """Writing to a mapped file without room would kill the process, so there is no trying."""

    def test_nothing_is_written_and_searches_go_on(self, folder, monkeypatch):
        store = EdgeVectorStore(folder, DENSE)
        store.upsert([point(1)])
        monkeypatch.setattr("core.disk.free_bytes", lambda _: WRITE_ROOM_BYTES - 1)
        with pytest.raises(Unavailable, match="MiB left") as refused:
            store.upsert([point(2)])
        assert refused.value.code == "STORAGE_FULL"
        assert store.count(W1) == 1
        assert store.search(W1, [dense_query(1)], 5)[0]
        store.delete(W1)  # which gives room back
        assert store.count(W1) == 0
        store.close()

    def test_it_is_opened_once_there_is_room(self, folder, monkeypatch):
        store = EdgeVectorStore(folder, DENSE)
        store.upsert([point(1)])
        store.close()
        with monkeypatch.context() as patch:
            patch.setattr("core.disk.free_bytes", lambda _: 0)
            with pytest.raises(Unavailable, match="not opened"):
                EdgeVectorStore(folder, DENSE)
        again = EdgeVectorStore(folder, DENSE)
        assert again.count(W1) == 1
        again.close()


class TestReopening:
    def test_points_outlive_the_store(self, folder):
        first = EdgeVectorStore(folder, DENSE)
        first.upsert([point(i) for i in range(20)])
        first.close()
        second = EdgeVectorStore(folder, DENSE)
        assert second.count(W1) == 20
        assert second.search(W1, [sparse_query(105)], 3)[0][0].chunk_index == 5
        second.close()

    def test_a_further_model_is_added_to_an_existing_index(self, folder):
        first = EdgeVectorStore(folder, DENSE)
        first.upsert([point(1)])
        first.close()
        second = EdgeVectorStore(folder, DENSE | {"other": 8})
        second.upsert([point(2, dense={MODEL: unit(2), "other": unit(3)})])
        (found,) = second.search(W1, [DenseQuery("other", unit(3))], 5)
        assert [hit.id for hit in found] == [point(2).id]
        second.close()

    def test_another_dimension_is_refused_with_what_to_do(self, folder):
        EdgeVectorStore(folder, DENSE).close()
        with pytest.raises(Unavailable, match="insydr reindex"):
            EdgeVectorStore(folder, {MODEL: 9})

    def test_a_start_cut_off_before_its_first_shard_was_complete_begins_anew(self, folder):
        (folder / "shard-1" / "segments").mkdir(parents=True)
        store = EdgeVectorStore(folder, DENSE)
        store.upsert([point(1)])
        assert store.count(W1) == 1
        store.close()

    def test_a_closed_store_is_unavailable(self, folder):
        store = EdgeVectorStore(folder, DENSE)
        store.close()
        with pytest.raises(Unavailable):
            store.count(W1)


class TestOtherProcess:
    def test_a_folder_in_use_is_refused(self, folder, writer):
        with pytest.raises(Unavailable, match="another process"):
            EdgeVectorStore(folder, DENSE)

    def test_what_was_written_outlives_kill_9(self, folder, writer):
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        store = EdgeVectorStore(folder, DENSE)
        assert store.ids(W1) == {point(i).id for i in range(250)}
        assert store.search(W1, [dense_query(249)], 1)[0][0].chunk_index == 249
        store.close()


def child_that(does):
    """Stands in for the child process: `does` is called with the shard's folder when it is waited for."""

    class Child:
        def __init__(self, shard):
            self.shard = shard

        def wait(self):
            does(self.shard)

        def stop(self):
            """Cannot be."""

    return Child


class TestOptimize:
    @pytest.fixture
    def store(self, folder):
        made = EdgeVectorStore(folder, DENSE, unindexed_max=100)
        made.upsert([point(i) for i in range(400)])
        yield made
        made.close()

    def test_writes_made_meanwhile_are_in_the_new_shard(self, store, folder, monkeypatch):
        def while_copied(shard):
            store.upsert([point(1000)])
            store.delete(Scope("w1", document_ids=("d1",), version=1, collection_ids=("c9",)))
            real(shard).wait()
            store.upsert([point(1001), point(3, collection_id="c9")])

        from core.vectors import edge

        real = edge.OptimizeChild
        monkeypatch.setattr(edge, "OptimizeChild", child_that(while_copied))
        store.optimize()
        assert store.ids(W1) == {point(i).id for i in [*range(400), 1000, 1001]}
        assert store.ids(Scope("w1", collection_ids=("c9",))) == {point(3).id}
        assert [p.name for p in folder.glob("shard-*")] == ["shard-2"]

    def test_searches_are_answered_while_it_runs(self, store, monkeypatch):
        from core.vectors import edge

        searched = threading.Event()

        def wait_for_search(shard):
            # a lock held over the whole of optimize() would never let the search through
            assert searched.wait(20)

        monkeypatch.setattr(edge, "OptimizeChild", child_that(wait_for_search))
        running = threading.Thread(target=store.optimize)
        running.start()
        assert store.search(W1, [dense_query(5)], 1)[0][0].chunk_index == 5
        searched.set()
        running.join()
        assert store.count(W1) == 400

    def test_a_failure_leaves_the_index_as_it_was(self, store, folder, monkeypatch):
        from core.vectors import edge

        def fail(shard):
            raise Unavailable("disk full")

        monkeypatch.setattr(edge, "OptimizeChild", child_that(fail))
        with pytest.raises(Unavailable, match="disk full"):
            store.optimize()
        store.upsert([point(500)])
        assert store.count(W1) == 401
        assert [p.name for p in folder.glob("shard-*")] == ["shard-1"]

    def test_closing_gives_up_what_runs_and_keeps_what_is_there(self, folder, monkeypatch):
        from core.vectors import edge

        store = EdgeVectorStore(folder, DENSE, unindexed_max=100)
        store.upsert([point(i) for i in range(400)])
        began, stopped = threading.Event(), threading.Event()

        class Endless:
            def __init__(self, shard):
                began.set()

            def wait(self):
                assert stopped.wait(20)
                raise Unavailable("killed")

            def stop(self):
                stopped.set()

        monkeypatch.setattr(edge, "OptimizeChild", Endless)
        running = threading.Thread(target=store.optimize)
        running.start()
        assert began.wait(20)
        store.close()
        running.join(20)
        again = EdgeVectorStore(folder, DENSE)
        assert again.count(W1) == 400
        again.close()

    def test_the_new_shard_is_found_again_after_a_restart(self, folder):
        first = EdgeVectorStore(folder, DENSE, unindexed_max=100)
        first.upsert([point(i) for i in range(200)])
        first.optimize()
        first.close()
        second = EdgeVectorStore(folder, DENSE)
        assert second.count(W1) == 200
        assert second.search(W1, [dense_query(150)], 1)[0][0].chunk_index == 150
        second.close()
