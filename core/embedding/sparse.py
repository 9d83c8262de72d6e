"""BM25 term weights without IDF, which the vector store multiplies in (Robertson and Zaragoza 2009).

weight = tf·(k1 + 1) / (tf + k1·(1 − b + b·length/average)), k1 0.9 and b 0.4 as in the BEIR reference runs. The
average is a constant: one that followed the corpus would change the weights of what is stored already.
"""

import zlib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from core.embedding.words import query_terms, terms
from core.vectors.protocol import SparseVector

K1, B = 0.9, 0.4
AVERAGE_TERMS = 140.0  # of a chunk near the token budget


class SparseEncoder:
    """Stateless and thread safe. Terms are 32-bit hashes: a term meets one of 100,000 others once in 40,000."""

    def encode_passage(self, text: str, language: str | None) -> SparseVector:
        """Saturated term weights of a passage."""
        return _weigh(Counter(terms(text, language)))

    def encode_query(self, text: str, language: str | None) -> SparseVector:
        """A weight for each different term: 1 for a word's stem in `language`, less for its other forms."""
        return _vector(query_terms(text, language))

    def encode_terms(self, found: Iterable[str]) -> SparseVector:
        """Weight 1 for each of these terms."""
        return _vector(dict.fromkeys(found, 1.0))


def _weigh(counts: Counter[str]) -> SparseVector:
    norm = K1 * (1 - B + B * counts.total() / AVERAGE_TERMS)
    return _vector({term: count * (K1 + 1) / (count + norm) for term, count in counts.items()})


def _vector(weights: dict[str, float]) -> SparseVector:
    merged: dict[int, float] = {}
    for term, weight in weights.items():
        code = _code(term)
        merged[code] = merged.get(code, 0.0) + weight
    order = sorted(merged)
    values = np.fromiter((merged[code] for code in order), np.float32, len(order))
    return SparseVector(np.array(order, np.uint32), values)


@lru_cache(maxsize=100_000)
def _code(term: str) -> int:
    return zlib.crc32(term.encode())
