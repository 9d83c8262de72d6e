"""What every embedding model does: built in, the same weights through sentence-transformers, and the fake."""

import threading

import numpy as np
import pytest

from core.embedding.factory import load_model
from core.embedding.package import model_folder
from core.errors import Unavailable
from tests.support.services import module

TEXTS = [
    "The refund is paid within fourteen days.",
    "Our office is in Lyon. " * 12,
    "ok",
    "ERR-4021: connection reset",
    "",
    "Wie kündige ich meinen Vertrag?",
]


@pytest.fixture(scope="module", params=["onnx-fp32", "onnx-int8", "fake", "sentence-transformers"])
def model(request, tmp_path_factory):
    cache = tmp_path_factory.mktemp("models")
    if request.param == "fake":
        made = load_model("fake", cache_dir=cache)
    elif request.param == "sentence-transformers":
        made = through_sentence_transformers(cache)
    else:
        made = built_in(cache, request.param)
    yield made
    made.close()


def built_in(cache, runtime):
    return load_model("all-minilm-l6-v2", cache_dir=cache, runtime=runtime, threads=2)


def through_sentence_transformers(cache):
    module("sentence_transformers")
    return load_model(f"sentence-transformers:{model_folder()}", cache_dir=cache)


class TestPassages:
    def test_rows_are_float32_of_length_one(self, model):
        vectors = model.embed_passages(TEXTS)
        assert (vectors.shape, vectors.dtype) == ((len(TEXTS), model.dimension), np.float32)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)

    def test_order_is_kept(self, model):
        together = model.embed_passages(TEXTS)
        alone = np.stack([model.embed_passages([text])[0] for text in TEXTS])
        assert ((together @ alone.T).argmax(axis=1) == np.arange(len(TEXTS))).all()
        assert (together * alone).sum(axis=1).min() > 0.9999

    def test_no_texts_are_no_rows(self, model):
        assert model.embed_passages([]).shape == (0, model.dimension)

    def test_like_is_nearer_than_unlike(self, model):
        a, b, c = model.embed_passages(["The refund takes two weeks.", "The refund takes a week.", "Cats sleep."])
        assert a @ b > a @ c

    def test_callers_at_once_each_get_their_own(self, model):
        alone = {text: model.embed_query(text) for text in TEXTS}
        wrong = []

        def ask(text):
            for _ in range(3):
                if (
                    model.embed_query(text) @ alone[text] < 0.999
                    or model.embed_passages([text])[0] @ alone[text] < 0.999
                ):
                    wrong.append(text)

        threads = [threading.Thread(target=ask, args=(text,)) for text in TEXTS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


class TestQuery:
    def test_one_unit_vector(self, model):
        vector = model.embed_query("refund")
        assert (vector.shape, vector.dtype) == ((model.dimension,), np.float32)
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-4)

    def test_the_same_text_twice_is_the_same_vector(self, model):
        assert model.embed_query("refund policy") == pytest.approx(model.embed_query("refund policy"), abs=1e-6)


class TestTokenizer:
    def test_count_equals_the_spans(self, model):
        assert model.tokenizer.count(TEXTS) == [len(model.tokenizer.offsets(text)) for text in TEXTS]

    def test_spans_lie_in_the_text_in_order(self, model):
        for text in TEXTS:
            spans = model.tokenizer.offsets(text)
            assert spans == sorted(spans)
            assert all(0 <= start <= end <= len(text) for start, end in spans)

    def test_long_texts_are_counted_whole(self, model):
        assert model.tokenizer.count(["word " * 900]) == [900]

    def test_the_limit_leaves_room_for_text(self, model):
        assert model.tokenizer.max_tokens > model.tokenizer.special_tokens >= 0


class TestDescription:
    def test_one_line_that_names_the_model(self, model):
        assert model.name in model.describe()
        assert "\n" not in model.describe()


class TestFactory:
    def test_an_unknown_name_lists_what_is_known(self, tmp_path):
        with pytest.raises(Unavailable, match="all-minilm-l6-v2"):
            load_model("nonsense", cache_dir=tmp_path)

    def test_an_unknown_runtime_lists_what_is_known(self, tmp_path):
        with pytest.raises(Unavailable, match="onnx-int8"):
            load_model("all-minilm-l6-v2", cache_dir=tmp_path, runtime="quantum")

    def test_a_transformers_model_that_is_not_here_is_not_fetched(self, tmp_path):
        module("sentence_transformers")
        with pytest.raises(Unavailable, match="could not be loaded"):
            load_model(f"sentence-transformers:{tmp_path / 'absent'}", cache_dir=tmp_path)

    def test_the_choice_is_measured_once_and_kept(self, tmp_path, monkeypatch):
        from core.embedding import selftest

        first = selftest.choose(tmp_path, "onnx-int8", 1)
        monkeypatch.setattr(selftest, "_measure_in_child", None)  # measuring again would fail
        assert selftest.choose(tmp_path, "onnx-int8", 1) == first
        assert first.fidelity > selftest.MIN_FIDELITY

    def test_a_damaged_choice_is_measured_again(self, tmp_path, monkeypatch):
        from core.embedding import selftest

        def measure(cache_dir, candidates, threads, path):
            selftest._write(path, selftest.Choice(candidates[0], 50.0, 0.993))

        monkeypatch.setattr(selftest, "_measure_in_child", measure)
        (tmp_path / "runtime-onnx-int8-1.json").write_text("{")
        assert selftest.choose(tmp_path, "onnx-int8", 1).chunks_per_s == 50.0


class TestChoosing:
    def test_the_fastest_faithful_runtime_wins(self):
        from core.embedding.selftest import Choice, _best

        fast = Choice("onnx-int8", 90.0, 0.95)
        exact, faithful = Choice("onnx-fp32", 40.0, 1.0), Choice("onnx-int8", 60.0, 0.993)
        assert _best([exact, fast]) == exact
        assert _best([exact, faithful]) == faithful
        assert _best([exact, Choice("onnx-int8", 41.0, 0.993)]) == exact

    def test_openvino_must_be_worth_its_memory(self):
        from core.embedding.selftest import Choice, _best

        small = Choice("onnx-fp32", 40.0, 1.0)
        assert _best([Choice("openvino", 43.0, 0.9999), small]) == small
        assert _best([faster := Choice("openvino", 45.0, 0.9999), small]) == faster


def test_the_graph_agrees_with_sentence_transformers_itself(tmp_path):
    ours, theirs = built_in(tmp_path, "onnx-fp32"), through_sentence_transformers(tmp_path)
    texts = [text for text in TEXTS if text]
    assert (ours.embed_passages(texts) * theirs.embed_passages(texts)).sum(axis=1).min() >= 0.99999
    ours.close()
    theirs.close()
