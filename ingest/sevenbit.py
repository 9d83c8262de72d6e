"""Encodings that hide other letters in ASCII: UTF-7 (RFC 2152), HZ (RFC 1843), ISO-2022-JP. All pass for UTF-8.

They are taken for what they are where the document says so, begins with their mark, or where the letters leave no
doubt: code and prose have "+" and "~{" too, but what stands behind them decodes to nothing that is a word.
"""

import re
from itertools import pairwise

from ingest.codepages import common_ideographs

SAMPLE_BYTES = 64 * 1024
MIN_RUNS = 3  # of shifted letters
_UTF7_MARK = re.compile(rb"\+/v[89+/]-?")
_UTF7_RUN = re.compile(r"\+[A-Za-z0-9+/]{3,}-?")
_HZ_RUN = re.compile(rb"~\{((?:[\x21-\x77][\x21-\x7e])+)~\}")
_COMMON_SHARE = 0.2  # of ideographs; a third in prose, 1 in 20 by chance
_DECLARED = {"utf-7": "utf-7", "utf7": "utf-7", "unicode-1-1-utf-7": "utf-7", "hz": "hz", "hz-gb-2312": "hz"}
_RELATED = 0x180  # letters of one script stand close to each other


def seven_bit(data: bytes, declared: str | None) -> str | None:
    """The text, None where these are plain ASCII or no ASCII at all."""
    if not data.isascii():
        return None
    name = _DECLARED.get((declared or "").strip().lower()) or _recognised(data[:SAMPLE_BYTES])
    return _decoded(data, name) if name else None


def _recognised(sample: bytes) -> str | None:
    if _UTF7_MARK.match(sample) or (b"+" in sample and _is_utf7(sample)):
        return "utf-7"
    if b"\x1b$" in sample:
        return "iso2022_jp_2"
    return "hz" if b"~{" in sample and _is_hz(sample) else None


def _decoded(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name).lstrip("\ufeff")
    except UnicodeDecodeError:
        return None


def _is_hz(sample: bytes) -> bool:
    letters = "".join(run.decode("hz", "replace") for run in (match.group() for match in _HZ_RUN.finditer(sample)))
    common = common_ideographs()
    return len(letters) >= MIN_RUNS and sum(letter in common for letter in letters) >= _COMMON_SHARE * len(letters)


def _is_utf7(sample: bytes) -> bool:
    runs = _UTF7_RUN.findall(sample.decode("ascii"))
    if len(runs) < MIN_RUNS or len(runs) * 2 < sample.count(b"+"):
        return False
    letters = "".join(_decoded(run.encode(), "utf-7") or "\x00" for run in runs)
    strange = sum(letter < "\xa0" or not letter.isprintable() for letter in letters)
    alphabetic = [ord(letter) for letter in letters if letter.isalpha()]
    related = sum(abs(a - b) < _RELATED for a, b in pairwise(alphabetic))
    return strange == 0 and len(alphabetic) >= MIN_RUNS and related >= 0.8 * (len(alphabetic) - 1)
