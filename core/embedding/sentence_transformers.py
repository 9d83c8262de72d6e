"""Any sentence-transformers model by name or path. Needs the extra `models` (torch)."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.embedding.protocol import Tokenizer
from core.errors import Unavailable

Floats = npt.NDArray[np.float32]
_BATCH = 16


class TransformerTokenizer:
    """The model's own fast tokenizer, without its truncation."""

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.special_tokens = int(tokenizer.num_special_tokens_to_add())

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        if not texts:
            return []
        encoded = self._tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span of each token."""
        encoded = self._tokenizer(
            text, add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True
        )
        return [(start, end) for start, end in encoded["offset_mapping"]]


class SentenceTransformerModel:
    """Implements `core.embedding.protocol.EmbeddingModel`; one inference at a time, as torch uses all cores itself.

    Prefixes are what the model's authors trained with, such as `query: ` and `passage: ` of the E5 family
    (Wang et al. 2022). Nothing is downloaded unless `local_files_only` is false.
    """

    def __init__(
        self,
        source: str,
        *,
        query_prefix: str = "",
        passage_prefix: str = "",
        local_files_only: bool = True,
        threads: int = 0,
    ) -> None:
        self._model = _load(source, local_files_only, threads)
        self._prefixes = (query_prefix, passage_prefix)
        self._one_at_a_time = threading.Lock()
        self.name = source.rstrip("/").rsplit("/", 1)[-1].lower()
        self.dimension = int(self._model.get_embedding_dimension())
        self.tokenizer: Tokenizer = TransformerTokenizer(self._model.tokenizer, int(self._model.max_seq_length))

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        """Shape (len(texts), dimension), float32, rows of length 1."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        # a lock a batch, not a call: a query waits for one batch at most
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), _BATCH):
            part = order[start : start + _BATCH]
            vectors[part] = self._encode([self._prefixes[1] + texts[i] for i in part])
        return vectors

    def embed_query(self, text: str) -> Floats:
        """Shape (dimension,)."""
        vector: Floats = self._encode([self._prefixes[0] + text])[0]
        return vector

    def describe(self) -> str:
        """A line for `doctor`."""
        return f"{self.name}, sentence-transformers, {self.dimension} dimensions"

    def close(self) -> None:
        """Nothing runs in the background."""

    def _encode(self, texts: list[str]) -> Floats:
        with self._one_at_a_time:
            vectors: Floats = self._model.encode(
                texts, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
            )
        return vectors.astype(np.float32, copy=False)


def _load(source: str, local_files_only: bool, threads: int) -> Any:
    try:
        import torch
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise Unavailable(
            f"The model {source} needs sentence-transformers: pip install 'insydr[models]'",
            code="RUNTIME_NOT_INSTALLED",
        ) from error
    if threads:
        torch.set_num_threads(threads)
    try:
        return SentenceTransformer(source, device="cpu", local_files_only=local_files_only)
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"The model {source} could not be loaded from this machine: download it first, or give its folder.",
            code="MODEL_NOT_INSTALLED",
        ) from error
