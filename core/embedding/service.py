"""all-MiniLM-L6-v2 in this process, without torch."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import numpy as np
import numpy.typing as npt
import structlog

from core.embedding.graph import WIDTH
from core.embedding.pool import InferencePool
from core.embedding.protocol import Tokenizer
from core.embedding.runtimes import Runtime
from core.embedding.tokenizer import WordPieceTokenizer

Floats = npt.NDArray[np.float32]
_log = structlog.get_logger(__name__)
_TOKENIZED = 1024  # texts whose tokens are held at once


class LocalEmbeddingModel:
    """Implements `core.embedding.protocol.EmbeddingModel` over any `Runtime`."""

    name = "all-minilm-l6-v2"
    dimension = WIDTH

    def __init__(self, runtime: Runtime, tokenizer: WordPieceTokenizer, description: str) -> None:
        self.tokenizer: Tokenizer = tokenizer
        self._encode = tokenizer.encode
        self._runtime = runtime
        self._description = description
        self._pool = InferencePool(self._infer, streams=runtime.streams, batch_tokens=runtime.batch_tokens)

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        """Shape (len(texts), 384), float32, rows of length 1. Blocks while the queue is full."""
        vectors = np.empty((len(texts), WIDTH), np.float32)
        for start in range(0, len(texts), _TOKENIZED):
            self._embed_slice(texts[start : start + _TOKENIZED], vectors[start : start + _TOKENIZED])
        return vectors

    def embed_query(self, text: str) -> Floats:
        """Shape (384,). Runs before all waiting passages."""
        vector: Floats = self._pool.query(self._tokens([text])[0]).result()[0]
        return vector

    def describe(self) -> str:
        """A line for `doctor`."""
        return self._description

    def close(self) -> None:
        """Stop the pool; waiting calls fail with `Unavailable`."""
        self._pool.close()

    def _embed_slice(self, texts: Sequence[str], into: Floats) -> None:
        rows = self._tokens(texts)
        running: list[tuple[list[int], Future[Floats]]] = []
        try:
            for batch in batches([len(row) for row in rows], self._runtime.batch_tokens):
                running.append((batch, self._pool.passages([rows[i] for i in batch])))
            for batch, result in running:
                into[batch] = result.result()
        finally:
            # after a failure the rest is not wanted any more
            for _, result in running:
                result.cancel()

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        rows = self._encode(texts)
        limit = self.tokenizer.max_tokens
        long = [i for i, row in enumerate(rows) if len(row) > limit]
        for i in long:
            rows[i] = [*rows[i][: limit - 1], rows[i][-1]]
        if long:
            # chunks are measured with this tokenizer beforehand, so this is a fault of the caller
            _log.warning("texts_cut_before_embedding", texts=len(long), max_length=limit)
        return rows

    def _infer(self, rows: Sequence[Sequence[int]]) -> Floats:
        width = max(map(len, rows))
        ids = np.zeros((len(rows), width), np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        return self._runtime.infer(ids, mask)


def batches(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Indices in batches of similar length, the longest first; padded, a batch of several is within `max_tokens`."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > max_tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
