"""The WordPiece tokenizer of all-MiniLM-L6-v2. No runtime, no torch: cheap enough for parsing children."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.embedding.package import model_folder

_SLICE = 256  # texts encoded at once: each encoding costs about 100 bytes a token until it is read


class WordPieceTokenizer:
    """Implements `core.embedding.protocol.Tokenizer`. Thread safe: the engine is never changed after the start."""

    max_tokens = 256
    special_tokens = 2

    def __init__(self, folder: Path | None = None) -> None:
        from tokenizers import Tokenizer as Engine

        self._engine: Any = Engine.from_file(str((folder or model_folder()) / "tokenizer.json"))
        # the file asks for 128 tokens, cut and padded; a count must see the whole text
        self._engine.no_truncation()
        self._engine.no_padding()

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        return [len(ids) for ids in self._encode(texts, special=False)]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span of each token of `text`, in order, without special tokens."""
        spans: list[tuple[int, int]] = self._engine.encode(text, add_special_tokens=False).offsets
        return spans

    def pieces(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Token ids of each text without special tokens, and the character span of each."""
        found = self._engine.encode_batch(list(texts), add_special_tokens=False)
        return [(one.ids, one.offsets) for one in found]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text with special tokens, whole: the caller cuts what the model cannot read."""
        return self._encode(texts, special=True)

    def _encode(self, texts: Sequence[str], *, special: bool) -> list[list[int]]:
        ids: list[list[int]] = []
        for start in range(0, len(texts), _SLICE):
            part = list(texts[start : start + _SLICE])
            ids.extend(e.ids for e in self._engine.encode_batch_fast(part, add_special_tokens=special))
        return ids
