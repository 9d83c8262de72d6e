"""What every embedding model must do."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Tokenizer(Protocol):
    """The model's own tokenizer. Light: usable in parsing children, where no runtime is loaded."""

    max_tokens: int  # what the model reads, special tokens included
    special_tokens: int  # how many of these it adds to every text

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        ...

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span of each token of `text`, in order, without special tokens."""
        ...


class EmbeddingModel(Protocol):
    """Text → unit vectors. Thread safe; work is queued to one bounded pool and batched by length."""

    name: str  # stable, names the vector in the index, e.g. "all-minilm-l6-v2"
    dimension: int
    tokenizer: Tokenizer

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        """Shape (len(texts), dimension), float32, rows of length 1. Order kept."""
        ...

    def embed_query(self, text: str) -> Floats:
        """Shape (dimension,). Overtakes passages that wait: a person waits for it."""
        ...

    def describe(self) -> str:
        """A line for `doctor`: model, runtime, precision, chunks per second as measured at first start."""
        ...

    def close(self) -> None: ...
