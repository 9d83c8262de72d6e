"""Order, priority, back-pressure and failure of the inference pool; the batches of the service."""

import threading

import numpy as np
import pytest
from structlog.testing import capture_logs

from core.embedding import pool as pool_module
from core.embedding.pool import InferencePool
from core.embedding.service import LocalEmbeddingModel, batches
from core.embedding.tokenizer import WordPieceTokenizer
from core.errors import Unavailable


class Gate:
    """An `infer` that records its batches and waits to be let through."""

    def __init__(self):
        self.seen = []
        self.started = threading.Event()
        self.open = threading.Event()

    def __call__(self, rows):
        self.seen.append([list(row) for row in rows])
        self.started.set()
        assert self.open.wait(20)
        return np.array([[row[0]] for row in rows], np.float32)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def pool(gate):
    made = InferencePool(gate, streams=1, batch_tokens=8)
    yield made
    gate.open.set()
    made.close()


class TestPriority:
    def test_queries_overtake_waiting_passages_and_share_a_batch(self, pool, gate):
        first = pool.passages([[1]])
        gate.started.wait(20)
        later = pool.passages([[2], [3]])
        queries = [pool.query([10]), pool.query([11])]
        gate.open.set()
        assert [q.result(20)[0, 0] for q in queries] == [10, 11]
        assert later.result(20)[:, 0].tolist() == [2, 3]
        assert first.result(20)[0, 0] == 1
        assert gate.seen == [[[1]], [[10], [11]], [[2], [3]]]

    def test_queries_beyond_the_budget_go_in_the_next_batch(self, pool, gate):
        pool.passages([[1]])
        gate.started.wait(20)
        waiting = [pool.query([20 + i] * 4) for i in range(3)]
        gate.open.set()
        assert [q.result(20)[0, 0] for q in waiting] == [20, 21, 22]
        assert [len(batch) for batch in gate.seen] == [1, 2, 1]


class TestBackPressure:
    def test_a_caller_with_too_much_waits(self, pool, gate, monkeypatch):
        monkeypatch.setattr(pool_module, "_WAITING", 2)
        results = []
        producer = threading.Thread(target=lambda: results.extend(pool.passages([[i]]) for i in range(6)))
        producer.start()
        gate.started.wait(20)
        producer.join(0.2)
        assert producer.is_alive()
        gate.open.set()
        producer.join(20)
        assert [r.result(20)[0, 0] for r in results] == list(range(6))


class TestFailure:
    def test_an_error_reaches_its_caller_and_the_pool_goes_on(self):
        def infer(rows):
            if rows[0][0] == 13:
                raise MemoryError("too much")
            return np.zeros((len(rows), 1), np.float32)

        pool = InferencePool(infer, streams=1, batch_tokens=8)
        with pytest.raises(MemoryError):
            pool.passages([[13]]).result(20)
        assert pool.query([1]).result(20).shape == (1, 1)
        pool.close()

    def test_what_waits_at_closing_fails_and_later_calls_too(self, gate):
        pool = InferencePool(gate, streams=1, batch_tokens=8)
        running = pool.passages([[1]])
        gate.started.wait(20)
        waiting = pool.passages([[2]])
        closer = threading.Thread(target=pool.close)
        closer.start()
        with pytest.raises(Unavailable):
            waiting.result(20)
        gate.open.set()
        closer.join(20)
        assert running.result(20)[0, 0] == 1
        with pytest.raises(Unavailable):
            pool.query([3])


class TestBatches:
    def test_each_index_once_and_within_the_budget(self):
        lengths = [5, 100, 7, 90, 300, 6, 5]
        made = list(batches(lengths, 200))
        assert sorted(i for batch in made for i in batch) == list(range(7))
        assert made[0] == [4]  # longer than the budget: alone
        assert all(max(lengths[i] for i in b) * len(b) <= 200 for b in made if len(b) > 1)

    def test_nothing_is_no_batch(self):
        assert list(batches([], 10)) == []


class RecordingRuntime:
    """Keeps the widths it was asked for; a vector is the first word's id, as a unit vector."""

    streams, batch_tokens = 2, 64

    def __init__(self):
        self.widths = []

    def infer(self, ids, mask):
        self.widths.append(ids.shape[1])
        vectors = np.zeros((len(ids), 384), np.float32)
        vectors[np.arange(len(ids)), ids[:, 1] % 384] = 1
        return vectors


class TestService:
    def test_order_is_kept_over_batches_of_mixed_lengths(self):
        tokenizer = WordPieceTokenizer()
        model = LocalEmbeddingModel(RecordingRuntime(), tokenizer, "test")
        texts = [f"{word} " * (1 + i % 9) for i, word in enumerate(["red", "tree", "house", "sea"] * 30)]
        found = model.embed_passages(texts).argmax(axis=1).tolist()
        assert found == [row[1] % 384 for row in tokenizer.encode(texts)]
        model.close()

    def test_a_text_beyond_the_limit_is_cut_as_a_last_defence_and_said(self):
        runtime = RecordingRuntime()
        model = LocalEmbeddingModel(runtime, WordPieceTokenizer(), "test")
        with capture_logs() as said:
            model.embed_passages(["secret " * 500, "short"])
        assert max(runtime.widths) == 256
        assert said[0]["event"] == "texts_cut_before_embedding"
        assert "secret" not in str(said)
        model.close()
