"""Fingerprints of texts: which pages say the same (Charikar, “Similarity estimation techniques from rounding
algorithms”, 2002; Manku, Jain and Das Sarma, “Detecting near-duplicates for web crawling”, 2007)."""

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

SHINGLE = 3  # words
FEW_WORDS = 20  # a shorter text is nobody's copy
ENOUGH_WORDS = 100  # below them a single word moves the simhash too far, or not at all
NEAR_BITS = 3  # of 64 (Manku et al., §2)
LENGTH_SHARE = 0.02
BANDS = 4
_WORD = re.compile(r"\w+", re.U)
_WEIGHTS = (1 << np.arange(64, dtype=np.uint64)).astype(np.uint64)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`figures` are the words that hold a digit: pages that differ only in a part number or an address differ."""

    exact: str  # SHA-256 of the folded text, 32 hexadecimal digits
    near: int  # simhash, 64 bits
    figures: str
    words: int


def fingerprint(text: str) -> Fingerprint:
    words = _WORD.findall(text.casefold())
    figures = sorted({word for word in words if any(map(str.isdigit, word))})
    return Fingerprint(_digest(" ".join(words)), _simhash(words), _digest(" ".join(figures)), len(words))


def simhash(text: str) -> int:
    """64 bits; texts that share most of their three-word shingles differ in few of them."""
    return _simhash(_WORD.findall(text.casefold()))


def _simhash(words: list[str]) -> int:
    shingles = {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}
    if not words:
        return 0
    packed = b"".join(hashlib.blake2b(one.encode(), digest_size=8).digest() for one in shingles)
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    ones = bits.sum(axis=0, dtype=np.int64)
    return int(_WEIGHTS[ones * 2 > len(shingles)].sum(dtype=np.uint64))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


class Doubles:
    """Texts seen, by key; looked up by bands of the simhash, so that a look costs the same at any size."""

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._bands: list[dict[int, list[str]]] = [defaultdict(list) for _ in range(BANDS)]
        self._known: dict[str, Fingerprint] = {}

    def find(self, wanted: Fingerprint) -> str | None:
        """The key of an equal text, or of one that says the same in nearly the same words."""
        if wanted.words < FEW_WORDS:
            return None
        if wanted.exact in self._exact:
            return self._exact[wanted.exact]
        if wanted.words < ENOUGH_WORDS:
            return None
        for number, band in enumerate(_bands(wanted.near)):
            for key in self._bands[number].get(band, ()):
                if _is_near(self._known[key], wanted):
                    return key
        return None

    def add(self, key: str, text: Fingerprint) -> None:
        if text.words < FEW_WORDS:
            return
        self._drop(key)
        self._known[key] = text
        self._exact.setdefault(text.exact, key)
        if text.words >= ENOUGH_WORDS:
            for number, band in enumerate(_bands(text.near)):
                self._bands[number][band].append(key)

    def _drop(self, key: str) -> None:
        """A page that changed is no copy of what it was."""
        old = self._known.pop(key, None)
        if old is None:
            return
        if self._exact.get(old.exact) == key:
            del self._exact[old.exact]
        for number, band in enumerate(_bands(old.near)):
            if key in self._bands[number].get(band, ()):
                self._bands[number][band].remove(key)


def _bands(near: int) -> list[int]:
    """Of 64 bits that differ in three, one of four bands is equal."""
    return [(near >> (16 * number)) & 0xFFFF for number in range(BANDS)]


def _is_near(known: Fingerprint, wanted: Fingerprint) -> bool:
    close = abs(known.words - wanted.words) <= LENGTH_SHARE * max(known.words, wanted.words)
    return close and known.figures == wanted.figures and (known.near ^ wanted.near).bit_count() <= NEAR_BITS
