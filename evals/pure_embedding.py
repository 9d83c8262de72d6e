"""How long embedding alone takes, for the same texts, model, runtime and machine: the floor of any ingestion."""

import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.embedding.factory import BUILT_IN, load_model
from ingest.children.protocol import Parsed, ParseTask
from ingest.children.reading import read


def embedding_texts(files: Iterable[Path]) -> list[str]:
    """What our chunker would have embedded of `files` (untimed)."""
    texts: list[str] = []
    for path in files:
        result = read(ParseTask(str(path), 0, path.stat().st_size, path.name))
        if isinstance(result, Parsed):
            texts.extend(result.embedding_texts)
    return texts


def time_embedding(texts: Sequence[str]) -> tuple[float, int]:
    """Seconds for all distinct texts after a warm-up, and their tokens."""
    distinct = list(dict.fromkeys(texts))
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(BUILT_IN, cache_dir=Path(folder))
        model.embed_passages(distinct[:32])
        started = time.perf_counter()
        model.embed_passages(distinct)
        elapsed = time.perf_counter() - started
        tokens = sum(model.tokenizer.count(texts))
        model.close()
    return elapsed, tokens
