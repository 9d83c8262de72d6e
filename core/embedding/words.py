"""Text → terms: words by stem, identifiers whole and in parts, unspaced scripts as pairs of characters."""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

# Scripts written without spaces: Thai, Lao, Myanmar, Khmer, kana, Han, Hangul (whose spaces part phrases, not words)
_UNSPACED = (
    ""
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0002fa1f"
)
# a piece may join words by signs that identifiers use; "§12" and "$12" keep their sign
_PIECE = re.compile(rf"[{_UNSPACED}]+|[§#$€£]?(?:(?![{_UNSPACED}])\w)+(?:[-_./:+@'’](?:(?![{_UNSPACED}])\w)+)*")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_PART = re.compile(r"[^\W_]+")
_LETTERS_DIGITS = re.compile(r"[^\W\d_]+|\d+")
_GROUPED = re.compile(
    r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\w.,])\d{1,3}(?:\.\d{3})+(?![\d.])|"
    r"(?<![\w.,])\d{1,3}(?:['’ \u202f]\d{3})+(?!\d)"
)
_COUNTED = re.compile(  # 20th, 1990s, 5kg, 1000's; 24-hour, 7-day-old, 19th-century; pre-1875; 4-5, 2008-09, 1869-1909
    r"\d+(?:['’]s|[^\W\d_]{1,3})|\d+(?:st|nd|rd|th|s)?(?:-[^\W\d_]{3,})+|(?:pre|post|mid|early|late)-\d+s?|\d{1,4}-\d{1,4}"
)
_DECIMAL = re.compile(r"\d+(?:[.,:/]\d+)+")
_MARKS = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u0591-\u05c7]")
_SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe", "ß": "ss"}
_BARE = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "ß": "ss"})
OTHER_FORM = 0.3  # weight of a word's other forms in a query; measured on XQuAD
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
    """Terms of `text` in order, repeated as often as they occur. `language` is ISO 639-1; unknown ones get no stems.

    Marks are folded (é is e); a letter that is also spelled with two (ä, ø, å) brings that spelling as a second term.
    Words of other languages than English stand as they are written, too: whoever asks may not know the language.
    """
    stemmer = _stemmer_of(language)
    for piece in _pieces(text):
        main, others = _expand(piece, stemmer)
        yield from main
        yield from others


def query_terms(text: str, language: str | None) -> dict[str, float]:
    """Terms that find `text`, with weights: 1 for stems in `language`; less for other forms, among them those in
    English and as it is written, for questions whose language is guessed wrong and words of another language."""
    stemmer, pieces = _stemmer_of(language), _pieces(text)
    first = {term: 1.0 for piece in pieces for term in _expand(piece, stemmer)[0]}
    forms = (_expand(piece, one) for piece in pieces for one in (stemmer, "english"))
    return dict.fromkeys((term for main, others in forms for term in (*main, *others)), OTHER_FORM) | first


def codes_of(text: str) -> frozenset[str]:
    """The terms of `text` that name one thing: part numbers, error codes, versions; not ordinals, units, decimals."""
    return frozenset(piece for piece in _pieces(text) if _is_code(piece))


def _pieces(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = _PIECE.findall(plain)
    return found + [re.sub(r"\D", "", number) for number in _GROUPED.findall(plain)]


def _is_code(piece: str) -> bool:
    parts = _PART.findall(piece)
    if len(piece) > _MAX_TERM or _COUNTED.fullmatch(piece):
        return False
    if not any(c.isdigit() for c in piece):
        return "_" in piece and len(parts) > 1
    return any(c.isalpha() for c in piece) or (len(parts) > 1 and not _DECIMAL.fullmatch(piece))


def _stemmer_of(language: str | None) -> str:
    return _STEMMERS.get((language or "")[:2].lower(), "")


@lru_cache(maxsize=50_000)
def _expand(piece: str, stemmer: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Its terms, and other forms of them."""
    if _IS_UNSPACED.match(piece):
        return _pairs(piece), ()
    parts = [part for part in _PART.findall(piece) if len(part) <= _MAX_TERM]
    found = [_folded(_stem(part, stemmer)) for part in parts]
    if not piece.isalpha() and _is_identifier(piece, parts):
        # "err-4021" is found by itself and by "4021"; "v2" by "v2" and "2"
        pieces = [p for part in parts if not part.isalpha() for p in _LETTERS_DIGITS.findall(part) if p != part]
        found += [_folded(piece), *pieces]
    others = [form for part in parts for form in _other_forms(part, stemmer)]
    return tuple(dict.fromkeys(found)), tuple(form for form in dict.fromkeys(others) if form not in found)


def _is_identifier(piece: str, parts: list[str]) -> bool:
    """Whether the whole is a term too: codes, names with an underscore, signs; not "well-known" or "don't"."""
    if len(piece) > _MAX_TERM or [piece] == parts:
        return not piece.isdigit() and len(piece) <= _MAX_TERM
    return any(c.isdigit() or c in "_@:§#$€£." for c in piece)


_own = threading.local()


def _pairs(run: str) -> tuple[str, ...]:
    return (*run, *(run[i : i + 2] for i in range(len(run) - 1)))


def _other_forms(word: str, stemmer: str) -> Iterator[str]:
    if stemmer != "english":
        yield _folded(word)
    if _SPELLED.keys() & set(word):
        yield _folded("".join(_SPELLED.get(c, c) for c in word))


def _folded(word: str) -> str:
    """Without the marks of Latin, Greek, Cyrillic, Arabic and Hebrew letters; those of other scripts are vowels."""
    if word.isascii():
        return word
    plain = _MARKS.sub("", unicodedata.normalize("NFD", word)).translate(_BARE)
    return unicodedata.normalize("NFC", plain)


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
