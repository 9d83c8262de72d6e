"""Vectors as a row keeps them."""

import numpy as np

from core.embedding.protocol import Floats


def packed(vector: Floats) -> bytes:
    """Half precision: the cosine of two changes by less than a thousandth."""
    return vector.astype(np.float16).tobytes()


def unpacked(stored: bytes) -> Floats:
    return np.frombuffer(stored, np.float16).astype(np.float32)
