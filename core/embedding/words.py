"""Text → terms: words by stem, identifiers whole and in parts, unspaced scripts as pairs of characters."""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

# Scripts written without spaces: Thai, Lao, Myanmar, Khmer, kana, Han, Hangul (whose spaces part phrases, not words)
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0002fa1f"
)
# a piece may join words by signs that identifiers use; "§12" and "$12" keep their sign
_PIECE = re.compile(rf"[{_UNSPACED}]+|[§#$€£]?(?:(?![{_UNSPACED}])\w)+(?:[-_./:+@'’](?:(?![{_UNSPACED}])\w)+)*")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_PART = re.compile(r"[^\W_]+")
_LETTERS_DIGITS = re.compile(r"[^\W\d_]+|\d+")
_MAX_TERM = 64  # characters; longer runs are encoded data, not words

_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


def terms(text: str, language: str | None) -> Iterator[str]:
    """Terms of `text` in order, repeated as often as they occur. `language` is ISO 639-1; unknown ones get no stems."""
    stemmer = _STEMMERS.get((language or "")[:2].lower(), "")
    for piece in _PIECE.findall(unicodedata.normalize("NFKC", text).casefold()):
        yield from _expand(piece, stemmer)


@lru_cache(maxsize=50_000)
def _expand(piece: str, stemmer: str) -> tuple[str, ...]:
    if _IS_UNSPACED.match(piece):
        return _pairs(piece)
    if piece.isalpha():
        return (_stem(piece, stemmer),) if len(piece) <= _MAX_TERM else ()
    parts = [part for part in _PART.findall(piece) if len(part) <= _MAX_TERM]
    found = [_stem(part, stemmer) for part in parts]
    if _is_identifier(piece, parts):
        # "err-4021" is found by itself and by "4021"; "v2" by "v2" and "2"
        pieces = [p for part in parts if not part.isalpha() for p in _LETTERS_DIGITS.findall(part) if p != part]
        found += [piece, *pieces]
    return tuple(dict.fromkeys(found))


def _is_identifier(piece: str, parts: list[str]) -> bool:
    """Whether the whole is a term too: codes, names with an underscore, signs; not "well-known" or "don't"."""
    if len(piece) > _MAX_TERM or [piece] == parts:
        return not piece.isdigit() and len(piece) <= _MAX_TERM
    return any(c.isdigit() or c in "_@:§#$€£." for c in piece)


_own = threading.local()


def _pairs(run: str) -> tuple[str, ...]:
    return (*run, *(run[i : i + 2] for i in range(len(run) - 1)))


def _stem(word: str, stemmer: str) -> str:
    if not stemmer or not word.isalpha():
        return word
    stem: str = _stemmer(stemmer).stemWord(word)
    return stem


def _stemmer(name: str) -> Any:
    """A stemmer of this thread: PyStemmer's (which snowballstemmer takes where it is installed) are not thread safe."""
    known: dict[str, Any] = _own.__dict__
    if name not in known:
        import snowballstemmer

        known[name] = snowballstemmer.stemmer(name)
    return known[name]
