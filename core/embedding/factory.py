"""From the setting's name to a loaded model."""

import os
from pathlib import Path

from core.embedding.protocol import EmbeddingModel
from core.errors import Unavailable

BUILT_IN = "all-minilm-l6-v2"
_TRANSFORMERS = "sentence-transformers:"


def load_model(name: str, *, cache_dir: Path, runtime: str = "auto", threads: int = 0) -> EmbeddingModel:
    """Load `name`: "all-minilm-l6-v2", "fake" or "sentence-transformers:<path or name>".

    `runtime` (auto, openvino, onnx-fp32, onnx-int8, exact) and `cache_dir` matter to the built-in model only;
    `threads` 0 takes the cores that this process may use. The first start takes some seconds.
    """
    if name == "fake":
        from core.embedding.fake import FakeEmbeddingModel

        return FakeEmbeddingModel()
    if name.startswith(_TRANSFORMERS):
        from core.embedding.sentence_transformers import SentenceTransformerModel

        return SentenceTransformerModel(name.removeprefix(_TRANSFORMERS), threads=threads)
    if name == BUILT_IN:
        return _built_in(cache_dir, runtime, threads or _cores())
    raise Unavailable(f"There is no embedding model {name!r}. Known: {BUILT_IN}, {_TRANSFORMERS}<path or name>.")


def _built_in(cache_dir: Path, setting: str, threads: int) -> EmbeddingModel:
    from core.embedding.runtimes import load_runtime
    from core.embedding.selftest import choose
    from core.embedding.service import LocalEmbeddingModel
    from core.embedding.tokenizer import WordPieceTokenizer

    tokenizer = WordPieceTokenizer()  # first: it says what is not installed
    choice = choose(cache_dir, setting, threads)
    runtime = load_runtime(choice.runtime, cache_dir, threads)
    description = (
        f"{BUILT_IN}, {choice.runtime}, {threads} threads, {choice.chunks_per_s:g} chunks/s at first start, "
        f"mean cosine to float32 {choice.fidelity:.4f}; knows English, other languages are found by their words"
    )
    return LocalEmbeddingModel(runtime, tokenizer, description)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
