"""The trained reader as one ONNX file, assembled as the embedding's graph is: no tracing, no torch in the file.

int8 in two places: linear layers per output channel with activations scaled at run time (7 bits, see core's graph),
and the table of words with a scale a word. 22.6 MB instead of 90.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding.graph import GraphBuilder, Variant
from core.embedding.weights import Floats, Weights

INPUTS = ("input_ids", "segment_ids")
MAX_BYTES = 25_000_000
_OPSET, _IR_VERSION, _MICROSOFT = 20, 9, "com.microsoft"
_FLOAT = 1  # onnx.TensorProto.DataType
_LIMIT = 127.0


class TrainedWeights(Weights):
    """Tensors in memory instead of a file."""

    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        self._tensors = tensors

    def __getitem__(self, name: str) -> Floats:
        return self._tensors[name]


class ReaderGraph(GraphBuilder):
    """core's encoder between segments at its beginning and three heads at its end."""

    def save(self, path: Path) -> None:
        """One file. INT8 takes rows of one length, without a mask."""
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        self._heads(self._encoder(self._embeddings()))
        names = INPUTS if self._variant is Variant.INT8 else (*INPUTS, "attention_mask")
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]
        outputs = [
            helper.make_tensor_value_info("spans", TensorProto.FLOAT, ["batch", "length", 2]),
            helper.make_tensor_value_info("relevance", TensorProto.FLOAT, ["batch"]),
        ]
        tensors = [numpy_helper.from_array(np.asarray(t, order="C"), name) for name, t in self._tensors.items()]
        graph = helper.make_graph(self._nodes, "insydr-reader", inputs, outputs, tensors)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        standard = self._variant is Variant.PORTABLE
        model = helper.make_model(graph, opset_imports=opsets[:1] if standard else opsets, ir_version=_IR_VERSION)
        onnx.save(model, str(path))

    def _embeddings(self) -> str:
        weights = self._weights
        places = self._tensor("places", weights["embeddings.position_embeddings.weight"])
        kinds = self._tensor("kinds", weights["embeddings.token_type_embeddings.weight"])
        length = self._node("Slice", self._node("Shape", "input_ids"), self._int(1), self._int(2), self._int(0))
        here = self._node("Slice", places, self._int(0), length, self._int(0))
        words = self._node("Add", self._words(weights["embeddings.word_embeddings.weight"]), here)
        return self._norm(self._node("Add", words, self._node("Gather", kinds, "segment_ids")), "embeddings.LayerNorm")

    def _words(self, table: Floats) -> str:
        if self._variant is not Variant.INT8:
            return self._node("Gather", self._tensor("word", table), "input_ids")
        scale = (np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-9) / _LIMIT).astype(np.float32)
        whole = self._tensor("word", np.rint(table / scale).astype(np.int8))
        rows = self._node("Cast", self._node("Gather", whole, "input_ids"), to=_FLOAT)
        return self._node("Mul", rows, self._node("Gather", self._tensor("word.scale", scale), "input_ids"))

    def _heads(self, states: str) -> None:
        weights = self._weights
        spans = self._node("MatMul", states, self._tensor("spans.weight", weights["spans.weight"].T))
        self._node("Add", spans, self._tensor("spans.bias", weights["spans.bias"]), outputs=["spans"])
        first = self._node("Gather", states, self._tensor("int_first", np.array(0, np.int64)), axis=1)
        logit = self._node("MatMul", first, self._tensor("relevance.weight", weights["relevance.weight"][0]))
        self._node("Add", logit, self._tensor("relevance.bias", weights["relevance.bias"]), outputs=["relevance"])


def export(model: Any, path: Path, variant: Variant) -> str:
    """Write `model` (torch) and give the SHA-256 of the file. Raises `ValueError` when int8 is too large to ship."""
    tensors = {name: tensor.detach().float().cpu().numpy() for name, tensor in model.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    ReaderGraph(TrainedWeights(tensors), variant).save(path)
    if variant is Variant.INT8 and path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.name} has {path.stat().st_size:,} bytes, more than {MAX_BYTES:,}.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
