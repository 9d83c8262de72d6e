"""A deterministic stand-in for tests where meaning does not matter: a hashed bag of words."""

import re
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.embedding.protocol import Tokenizer

Floats = npt.NDArray[np.float32]
_WORD = re.compile(r"\w+|[^\w\s]")


class WordTokenizer:
    """A word or a sign is a token."""

    max_tokens = 256
    special_tokens = 2

    def count(self, texts: Sequence[str]) -> list[int]:
        """Words and signs of each text."""
        return [sum(1 for _ in _WORD.finditer(text)) for text in texts]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Their character spans."""
        return [match.span() for match in _WORD.finditer(text)]


class FakeEmbeddingModel:
    """Texts with common words are near each other; nothing is loaded and nothing runs in the background."""

    name = "fake"

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.tokenizer: Tokenizer = WordTokenizer()

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        """Shape (len(texts), dimension), float32, rows of length 1."""
        rows = [self.embed_query(text) for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dimension), np.float32)

    def embed_query(self, text: str) -> Floats:
        """Shape (dimension,)."""
        vector = np.zeros(self.dimension, np.float32)
        vector[0] = 0.01  # so that an empty text has a direction too
        for word in _WORD.findall(text.casefold()):
            code = zlib.crc32(word.encode())
            vector[code % self.dimension] += 1.0 if code & 0x80000000 else -1.0
        length = np.linalg.norm(vector)
        if length == 0:
            vector[0], length = 1.0, np.float32(1.0)
        unit: Floats = (vector / length).astype(np.float32)
        return unit

    def describe(self) -> str:
        """A line for `doctor`."""
        return f"fake, {self.dimension} dimensions: for tests only"

    def close(self) -> None:
        """Nothing to release."""
