"""What runs the graph: OpenVINO or ONNX Runtime, each imported only when it is the chosen one."""

import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.embedding.graph import Variant
from core.embedding.store import ensure_graph
from core.errors import Unavailable

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


class RuntimeName(StrEnum):
    OPENVINO = "openvino"
    ONNX_FP32 = "onnx-fp32"
    ONNX_INT8 = "onnx-int8"


class Runtime(Protocol):
    """A loaded model. `infer` is called from `streams` threads at once."""

    streams: int
    batch_tokens: int  # padded tokens a batch at which throughput is best

    def infer(self, ids: Ids, mask: Ids) -> Floats:
        """Token ids and mask, both [batch, length], to unit vectors [batch, 384]."""
        ...


class OnnxRuntime:
    """ONNX Runtime with one thread a stream.

    Two streams of one text each beat one stream of two threads (measured on 2 cores: int8 50 against 47 chunks/s,
    float32 36 against 33) and need next to no padding.
    """

    def __init__(self, path: Path, streams: int, batch_tokens: int = 256) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        # an arena keeps its largest batch for ever, once a thread
        options.enable_cpu_mem_arena = False
        self.streams = streams
        self.batch_tokens = batch_tokens
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def infer(self, ids: Ids, mask: Ids) -> Floats:
        result: Floats = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return result


class OpenVinoRuntime:
    """OpenVINO, in bfloat16 where the CPU computes in it, with one thread a stream.

    One stream of all threads waits for its slowest thread at every operator, so that whatever else runs on one core
    stops all: a batch of 1,500 documents took 1.59 times its pure embedding. Streams of one thread are as fast alone
    (measured on 2 cores without AMX: 14.3 against 13.9 thousand tokens/s) and independent.
    """

    batch_tokens = 1024  # larger ones are not faster there, and each stream keeps the memory of its largest

    def __init__(self, path: Path, threads: int) -> None:
        # its converter, which we do not use, would report each start to its maker and write to ~/intel
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: "cannot be imported"
        import openvino

        engine = openvino.Core()
        precision = "bf16" if "BF16" in engine.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
        options: dict[str, Any] = {
            "NUM_STREAMS": threads,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
        }
        self.streams = threads
        self._model = engine.compile_model(engine.read_model(str(path)), "CPU", options)
        self._local = threading.local()

    def infer(self, ids: Ids, mask: Ids) -> Floats:
        if not hasattr(self._local, "request"):
            self._local.request = self._model.create_infer_request()
        outputs = self._local.request.infer({"input_ids": ids, "attention_mask": mask})
        result: Floats = outputs[0].copy()  # the request reuses its buffer
        return result


def load_runtime(name: RuntimeName, cache_dir: Path, threads: int) -> Runtime:
    """Load one runtime with `threads` threads in all. Raises `Unavailable` when it is not installed."""
    try:
        if name is RuntimeName.OPENVINO:
            return OpenVinoRuntime(ensure_graph(cache_dir, Variant.PORTABLE), threads)
        if name is RuntimeName.ONNX_INT8:
            # every text alone: activations are scaled by a batch's largest value, so neighbours would change a vector,
            # and this graph knows no padding
            return OnnxRuntime(ensure_graph(cache_dir, Variant.INT8), threads, batch_tokens=1)
        return OnnxRuntime(ensure_graph(cache_dir, Variant.FUSED), threads)
    except ImportError as error:
        package = "openvino" if name is RuntimeName.OPENVINO else "onnxruntime"
        raise Unavailable(
            f"The embedding runtime {name} needs a package: pip install {package}", code="RUNTIME_NOT_INSTALLED"
        ) from error
