"""Which pages say the same: exactly, or in nearly the same words.

simhash: Charikar, “Similarity estimation techniques from rounding algorithms”, 2002; 64 bits, a distance of 3 and
lookups by bands: Manku, Jain and Das Sarma, “Detecting near-duplicates for web crawling”, 2007.
"""

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

SHINGLE = 3  # words
MIN_WORDS = 20  # “Not found” and the like are nobody's copy
MIN_NEAR_WORDS = 100  # with fewer, one word is too much of the text
MAX_DISTANCE = 3  # of 64 bits (Manku et al., §3)
MAX_LENGTH_CHANGE = 0.02
BANDS = 4  # one more than MAX_DISTANCE: one of them is equal in any near pair
_BAND_BITS = 64 // BANDS
_DIGIT = re.compile(r"\d")
_AROUND = ".,;:!?()[]{}<>\"'“”„’‘«»…"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`exact`: SHA-256 of the folded text, 32 hexadecimal digits; `near`: its simhash; `figures`: of its distinct
    words with a digit, for pages that differ in an address or a part number alone are no copies; `words`: how many.
    """

    exact: str
    near: int
    figures: str
    words: int


def simhash(text: str) -> int:
    """64 bits, few of which differ where most three-word runs are shared; 0 for a text without words."""
    return _simhash(_words(text))


def fingerprint(text: str) -> Fingerprint:
    """Case and white space do not count."""
    words = _words(text)
    figures = sorted({word.strip(_AROUND) for word in set(words) if _DIGIT.search(word)})
    return Fingerprint(_digest(words), _simhash(words), _digest(figures), len(words))


class Duplicates:
    """The texts of a crawl by key, 50,000 and more. Not thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, Fingerprint] = {}
        self._exact: dict[str, str] = {}
        # by figures, too: they must be equal, and keep pages of one template out of each other's way
        self._bands: dict[tuple[int, int, str], list[str]] = defaultdict(list)

    def find(self, fp: Fingerprint) -> str | None:
        """The key of an equal text, or else of the first near one."""
        if fp.words < MIN_WORDS:
            return None
        if fp.exact in self._exact:
            return self._exact[fp.exact]
        for band in _bands(fp):
            for key in self._bands.get(band, ()):
                if _is_near(self._known[key], fp):
                    return key
        return None

    def add(self, key: str, fp: Fingerprint) -> None:
        """What was known of the key before is forgotten: a page that changed is no copy of what it was."""
        self.forget(key)
        if fp.words < MIN_WORDS:
            return
        self._known[key] = fp
        self._exact.setdefault(fp.exact, key)
        for band in _bands(fp):
            self._bands[band].append(key)

    def forget(self, key: str) -> None:
        """The page is gone, or says nothing of its own any more."""
        old = self._known.pop(key, None)
        if old is None:
            return
        if self._exact.get(old.exact) == key:
            del self._exact[old.exact]
        for band in _bands(old):
            self._bands[band].remove(key)


def _words(text: str) -> list[str]:
    return text.casefold().split()


def _digest(words: list[str]) -> str:
    return hashlib.sha256(" ".join(words).encode(errors="surrogatepass")).hexdigest()[:32]


def _simhash(words: list[str]) -> int:
    """A bit is set where more than half of the distinct shingles' hashes have it."""
    if not words:
        return 0
    runs = {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}
    hashes = b"".join(
        hashlib.blake2b(run.encode(errors="surrogatepass"), digest_size=8, usedforsecurity=False).digest()
        for run in runs
    )
    bits = np.unpackbits(np.frombuffer(hashes, dtype=np.uint8).reshape(-1, 8), axis=1)
    majority = bits.sum(axis=0, dtype=np.int64) * 2 > len(runs)
    return int.from_bytes(np.packbits(majority).tobytes(), "big")


def _bands(fp: Fingerprint) -> list[tuple[int, int, str]]:
    if fp.words < MIN_NEAR_WORDS:
        return []
    return [(band, fp.near >> band * _BAND_BITS & (1 << _BAND_BITS) - 1, fp.figures) for band in range(BANDS)]


def _is_near(one: Fingerprint, other: Fingerprint) -> bool:
    return (
        (one.near ^ other.near).bit_count() <= MAX_DISTANCE
        and one.figures == other.figures
        and abs(one.words - other.words) <= MAX_LENGTH_CHANGE * max(one.words, other.words)
    )
