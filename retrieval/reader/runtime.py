"""The reader in int8 on ONNX Runtime, without torch.

Each window is a row of its own, as the embedding's int8 graph has it: no padding and no mask lets attention run its
flash kernel, and a row's activations are scaled by themselves, so that a reading never depends on its neighbours.
The rows of one call are shared out among `threads` workers of one thread each.
"""

import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import Unavailable
from retrieval.reader.decoding import best_span, null_score
from retrieval.reader.protocol import Reading
from retrieval.reader.windows import Layout, Window

Floats = npt.NDArray[np.float32]
DESCRIPTION = "reader.json"


class OnnxReader:
    """Implements `retrieval.reader.protocol.Reader`. The file is loaded at the first reading."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        self._path = path
        self._threads = threads or _cores()
        self._loading = threading.Lock()
        self._session: Any = None
        self._layout: Layout | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._scale, self._bias = _calibration(path.with_name(DESCRIPTION))

    def read(self, question: str, passages: Sequence[str], titles: Sequence[str] = ()) -> list[Reading]:
        """See the protocol. Raises `Unavailable` when the file is missing, damaged or no reader's, or it is closed
        meanwhile."""
        layout, pool, session = self._ready()
        named = titles or [""] * len(passages)
        rows = [layout.windows(question, *pair) for pair in zip(passages, named, strict=True)]
        try:
            results = iter(list(pool.map(partial(_infer, session), [window for windows in rows for window in windows])))
        except Exception as error:  # a file of somebody's own may want other inputs; its exceptions have no common base
            raise Unavailable(f"The reader {self._path.name} cannot read: {error}", code="READER_FAILED") from error
        return [
            self._reading(question, passage, windows, [next(results) for _ in windows])
            for passage, windows in zip(passages, rows, strict=True)
        ]

    def describe(self) -> str:
        """Reads a sentence, so that a damaged file is told. Raises `Unavailable`."""
        self.read("Who reads?", ["The reader reads."])
        return f"{self._path.stem}, int8, {self._threads} threads; English"

    def close(self) -> None:
        """Stop the workers; a later reading starts new ones."""
        with self._loading:
            pool, self._pool, self._session = self._pool, None, None
        if pool:
            pool.shutdown()

    def _reading(
        self, question: str, passage: str, windows: Sequence[Window], outputs: Sequence[tuple[Floats, float]]
    ) -> Reading:
        """Of all windows: the best of each. A passage has no answer only where no window has one."""
        spans = [best_span(window, out[0], question, passage) for window, out in zip(windows, outputs, strict=True)]
        best = max((span for span in spans if span), key=lambda span: span.score, default=None)
        relevance = max(logit for _, logit in outputs) * self._scale + self._bias
        return Reading(relevance, best, min(null_score(logits) for logits, _ in outputs))

    def _ready(self) -> tuple[Layout, ThreadPoolExecutor, Any]:
        with self._loading:
            if self._session is None:
                self._session = _load(self._path)
            self._layout = self._layout or Layout()
            self._pool = self._pool or ThreadPoolExecutor(self._threads, thread_name_prefix="reader")
            return self._layout, self._pool, self._session


def _infer(session: Any, window: Window) -> tuple[Floats, float]:
    """Logits of start and end a token, and of the relevance."""
    ids = np.array([window.ids], np.int64)
    feed = {"input_ids": ids, "segment_ids": np.array([window.segments], np.int64)}
    if len(session.get_inputs()) > len(feed):  # the float32 graph takes rows that are padded, too
        feed["attention_mask"] = np.ones_like(ids)
    spans, relevance = session.run(["spans", "relevance"], feed)
    return spans[0], float(relevance[0])


def _load(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # one keeps its largest row for ever, once a thread
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions have no common base
        raise Unavailable(f"The reader {path.name} cannot be loaded: {error}", code="READER_NOT_LOADED") from error


def _calibration(path: Path) -> tuple[float, float]:
    """Scale and bias of the relevance, fitted on articles kept back; none without a description."""
    if not path.is_file():
        return 1.0, 0.0
    stored = json.loads(path.read_text(encoding="utf-8")).get("calibration", {})
    return float(stored.get("scale", 1.0)), float(stored.get("bias", 0.0))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
