"""Assembles all-MiniLM-L6-v2 (BERT, 6 layers, 12 heads, 384 wide) as an ONNX graph, straight from its weights.

Inputs `input_ids` and `attention_mask`, int64 [batch, length]; output `embedding`, float32 [batch, 384]: the mean of
the token vectors, length 1. Formulas: Devlin et al. 2018 (BERT), Reimers and Gurevych 2019 (mean pooling).
The tensors lie in one file beside the graph, so that runtimes can map them instead of copying.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding.weights import Floats, Weights

Tensor = np.ndarray[Any, Any]
GRAPH_VERSION = 2  # part of the cache folder's name: raise it with every change of the graph
INPUTS = ("input_ids", "attention_mask")
LAYERS, HEADS, WIDTH = 6, 12, 384
_EPSILON = 1e-12
_OPSET = 20  # the first with Gelu (by erf, as BERT has it)
_IR_VERSION = 9
_MICROSOFT = "com.microsoft"
_FLOAT, _INT32 = 1, 6  # onnx.TensorProto.DataType
_PAGE_BYTES = 4096
_MASKED = -1e4  # e^-10000 is 0 in float32 and in bfloat16
# 7 bits: without VNNI the CPU adds two products in 16 bits and saturates. Measured on AVX2: mean cosine to float32
# .9937 (worst .990) against .9932 (.986) with 8 bits, same speed.
_INT8_LIMIT = 63.0


class Variant(StrEnum):
    """Same model, written for different runtimes."""

    PORTABLE = "portable"  # standard operators only, float32
    FUSED = "fused"  # ONNX Runtime's own attention operator, float32: a fifth faster there
    # ONNX Runtime's own operators, linear layers in int8. Takes rows of one length only: without a mask the attention
    # operator runs its flash kernel (measured: 29 % of the time instead of 57 %, 1.15 times the chunks a second)
    INT8 = "int8"


class GraphBuilder:
    """Collects nodes and tensors; `save` writes `<name>.onnx` and `<name>.bin`."""

    def __init__(self, weights: Weights, variant: Variant) -> None:
        self._weights = weights
        self._variant = variant
        self._nodes: list[Any] = []
        self._tensors: dict[str, Tensor] = {}

    def save(self, path: Path) -> None:
        """Write graph and tensors. Neither file may be in use."""
        import onnx
        from onnx import TensorProto, helper

        self._pooling(self._encoder(self._embeddings()))
        inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "length"]) for n in INPUTS]
        output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", WIDTH])
        tensors = write_tensors(self._tensors, path.with_suffix(".bin"))
        graph = helper.make_graph(self._nodes, "all-minilm-l6-v2", inputs, [output], tensors)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        standard = self._variant is Variant.PORTABLE
        model = helper.make_model(graph, opset_imports=opsets[:1] if standard else opsets, ir_version=_IR_VERSION)
        onnx.save(model, str(path))

    def _embeddings(self) -> str:
        w = self._weights
        word = self._tensor("word", w["embeddings.word_embeddings.weight"])
        # every token is of segment 0, so its row joins the positions
        places = w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0]
        length = self._node("Slice", self._node("Shape", "input_ids"), self._int(1), self._int(2), self._int(0))
        here = self._node("Slice", self._tensor("places", places), self._int(0), length, self._int(0))
        return self._norm(self._node("Add", self._node("Gather", word, "input_ids"), here), "embeddings.LayerNorm")

    def _encoder(self, states: str) -> str:
        mask = self._mask()
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            mixed = self._linear(self._attention(states, mask, name), f"{name}.attention.output.dense")
            states = self._norm(self._node("Add", mixed, states), f"{name}.attention.output.LayerNorm")
            inner = self._node("Gelu", self._linear(states, f"{name}.intermediate.dense"))
            outer = self._linear(inner, f"{name}.output.dense")
            states = self._norm(self._node("Add", outer, states), f"{name}.output.LayerNorm")
        return states

    def _mask(self) -> str:
        if self._variant is Variant.INT8:
            return ""
        if self._variant is Variant.FUSED:
            return self._node("Cast", "attention_mask", to=_INT32)
        present = self._node("Unsqueeze", self._node("Cast", "attention_mask", to=_FLOAT), self._int(1, 2))
        return self._node("Mul", self._node("Sub", self._float(1.0), present), self._float(_MASKED))

    def _attention(self, states: str, mask: str, name: str) -> str:
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        if self._variant is Variant.PORTABLE:
            return self._plain_attention(states, mask, parts)
        # the three projections as one multiplication
        matrix = np.concatenate([self._weights[f"{part}.weight"] for part in parts]).T
        bias = np.concatenate([self._weights[f"{part}.bias"] for part in parts])
        if self._variant is Variant.FUSED:
            inputs = (states, self._tensor(f"{name}.qkv", matrix), self._tensor(f"{name}.qkv.bias", bias), mask)
            return self._node("Attention", *inputs, domain=_MICROSOFT, num_heads=HEADS)
        thirds = [f"{name}.{i}" for i in range(3)]
        packed = self._multiply(states, matrix, bias, f"{name}.qkv")
        self._node("Split", packed, outputs=thirds, axis=-1, num_outputs=3)
        return self._node("MultiHeadAttention", *thirds, domain=_MICROSOFT, num_heads=HEADS)

    def _plain_attention(self, states: str, mask: str, parts: list[str]) -> str:
        heads = self._int(0, 0, HEADS, WIDTH // HEADS)
        query, key, value = (self._node("Reshape", self._linear(states, part), heads) for part in parts)
        query, value = (self._node("Transpose", x, perm=[0, 2, 1, 3]) for x in (query, value))
        scores = self._node("MatMul", query, self._node("Transpose", key, perm=[0, 2, 3, 1]))
        scores = self._node("Mul", scores, self._float((WIDTH // HEADS) ** -0.5))
        chances = self._node("Softmax", self._node("Add", scores, mask), axis=-1)
        mixed = self._node("Transpose", self._node("MatMul", chances, value), perm=[0, 2, 1, 3])
        return self._node("Reshape", mixed, self._int(0, 0, WIDTH))

    def _linear(self, states: str, name: str) -> str:
        return self._multiply(states, self._weights[f"{name}.weight"].T, self._weights[f"{name}.bias"], name)

    def _multiply(self, states: str, matrix: Floats, bias: Floats, name: str) -> str:
        offset = self._tensor(f"{name}.bias", bias)
        if self._variant is not Variant.INT8:
            return self._node("Add", self._node("MatMul", states, self._tensor(name, matrix)), offset)
        scale = (np.abs(matrix).max(axis=0) / _INT8_LIMIT).astype(np.float32)
        whole = self._tensor(name, np.rint(matrix / scale).astype(np.int8))
        zero = self._tensor(f"{name}.zero", np.zeros(len(scale), np.int8))
        inputs = (states, whole, self._tensor(f"{name}.scale", scale), zero, offset)
        return self._node("DynamicQuantizeMatMul", *inputs, domain=_MICROSOFT)

    def _norm(self, states: str, name: str) -> str:
        scale = self._tensor(f"{name}.weight", self._weights[f"{name}.weight"])
        bias = self._tensor(f"{name}.bias", self._weights[f"{name}.bias"])
        return self._node("LayerNormalization", states, scale, bias, axis=-1, epsilon=_EPSILON)

    def _pooling(self, states: str) -> None:
        present = self._node("Unsqueeze", self._node("Cast", "attention_mask", to=_FLOAT), self._int(2))
        total = self._node("ReduceSum", self._node("Mul", states, present), self._int(1), keepdims=0)
        mean = self._node("Div", total, self._node("ReduceSum", present, self._int(1), keepdims=0))
        length = self._node("ReduceL2", mean, self._int(1), keepdims=1)
        self._node("Div", mean, length, outputs=["embedding"])

    def _node(self, kind: str, *inputs: str, outputs: list[str] | None = None, domain: str = "", **fields: Any) -> str:
        from onnx import helper

        names = outputs or [f"{kind}_{len(self._nodes)}"]
        self._nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], domain=domain, **fields))
        return names[0]

    def _tensor(self, name: str, value: Tensor) -> str:
        self._tensors[name] = value
        return name

    def _int(self, *values: int) -> str:
        return self._tensor("int_" + "_".join(map(str, values)), np.array(values, np.int64))

    def _float(self, value: float) -> str:
        return self._tensor(f"float_{value}", np.array(value, np.float32))


def write_tensors(tensors: dict[str, Tensor], path: Path) -> list[Any]:
    """Tensors as ONNX prototypes: the small ones inside, the others in `path`, each on a page of its own."""
    from onnx import numpy_helper

    prototypes = []
    with path.open("wb") as file:
        for name, value in tensors.items():
            if value.nbytes < _PAGE_BYTES:
                prototypes.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
                continue
            file.seek(-(-file.tell() // _PAGE_BYTES) * _PAGE_BYTES)
            prototypes.append(_external(name, value, path.name, file.tell()))
            file.write(np.ascontiguousarray(value).tobytes())
        file.flush()
        os.fsync(file.fileno())
    return prototypes


def _external(name: str, value: Tensor, location: str, offset: int) -> Any:
    from onnx import TensorProto, helper

    prototype = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(value.dtype), dims=value.shape)
    prototype.data_location = TensorProto.EXTERNAL
    for key, entry in (("location", location), ("offset", str(offset)), ("length", str(value.nbytes))):
        prototype.external_data.add(key=key, value=entry)
    return prototype
