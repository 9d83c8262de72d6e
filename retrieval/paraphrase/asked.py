"""A question prepared once for comparing: its words, character runs, numbers, names, negation and question word.

No language is asked for or guessed: questions are often too short for a guess. Words count by their first letters,
which parts most endings from most stems; scripts without spaces come as pairs of characters (`core.embedding.words`).
"""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.embedding.protocol import Floats
from core.embedding.words import codes_of, terms

Codes = npt.NDArray[np.uint32]  # CRC-32 of terms, sorted, each once
MOST_CHARACTERS = 2_000  # of a question are read; what follows is a pasted text, not what is asked
STEM = 6  # letters
GRAM = 3  # characters
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_ENDS = re.compile(r"[.!?。？！]\s*$")
_NEGATED = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|without|cannot|cant|wont|dont|didnt|doesnt|isnt|nicht|nichts|kein\w*|ohne|"
    r"nie|niemals|pas|sans|jamais|sin|nunca|não|sem|non|senza|не|нет|без)\b|n['’]t\b|[不没沒無]|ない|ません",
    re.I,
)
# the same question word in the languages that the embedding or the owner's agents speak; `which` asks as `what` does
_ASKS = {
    word: kind
    for kind, words in {
        "what": "what whats which was welche welcher welches que qué quel quelle quoi cuál cual",
        "who": "who whom whose wer wen wem wessen qui quién quien",
        "when": "when wann quand cuándo cuando",
        "where": "where wo wohin woher où dónde donde adónde",
        "why": "why warum weshalb wieso pourquoi",
        "how": "how wie comment cómo como",
    }.items()
    for word in words.split()
}
# words of the languages that write every noun with a capital, none of them a word of another in small letters
_NOUNS_CAPITAL = re.compile(
    r"\b(?:ich|das|dem|eine?[nmrs]?|meine?[nmrs]?|ist|sind|kann|können|für|und|nicht|wird|werden|gibt|mit|auf|über|"
    r"ech|ass|fir|mäin)\b"
)
_FIRST_WORDS = 4  # of a question, in which its question word stands: “So, and how …”


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """`vectors` has a unit vector of each embedding model, the same models in the same order in all questions that are
    compared; `passages` the ids of what was found for it, None where nothing was searched."""

    text: str
    vectors: tuple[Floats, ...]
    passages: frozenset[str] | None
    words: Codes
    grams: Codes
    numbers: frozenset[str]
    names: frozenset[str]
    negated: bool
    asks: str  # what, who, when, where, why, how; empty where it cannot be told


def asked(text: str, vectors: Sequence[Floats] = (), passages: Iterable[str] | None = None) -> Asked:
    """Prepare a question; its time is bounded whatever the length of `text`."""
    read = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS])[:MOST_CHARACTERS]
    plain = " ".join(read.casefold().split())
    words = _WORD.findall(read)
    return Asked(
        text=text,
        vectors=tuple(vectors),
        passages=None if passages is None else frozenset(passages),
        words=_codes(term if term.isdigit() else term[:STEM] for term in terms(read, None)),
        grams=_codes(f" {plain} "[i : i + GRAM] for i in range(len(plain))),
        numbers=frozenset(_NUMBER.findall(read)),
        names=codes_of(read) | _names(read, words),
        negated=_NEGATED.search(read) is not None,
        asks=next((_ASKS[w] for w in plain.replace("'s", "").split()[:_FIRST_WORDS] if w in _ASKS), ""),
    )


def _names(text: str, words: Sequence[str]) -> frozenset[str]:
    """Words with a capital inside a sentence; none where capitals say nothing, as in German, in a text all in capitals
    or in one with a capital on every word."""
    if _NOUNS_CAPITAL.search(text):
        return frozenset()
    inner = [match for match in _WORD.finditer(text) if text[: match.start()].strip() and _is_inside(text, match)]
    found = [match[0] for match in inner if match[0][:1].isupper() and match[0] != "I"]
    if len(words) > 2 and len(found) > len(inner) / 2:
        return frozenset()
    return frozenset(_singular(name.casefold()) for name in found)


def _is_inside(text: str, match: re.Match[str]) -> bool:
    return _ENDS.search(text[max(0, match.start() - 8) : match.start()]) is None and not match[0].startswith(
        ("I'", "I’")
    )


def _singular(name: str) -> str:
    return name.removesuffix("'s").removesuffix("’s")


def _codes(found: Iterable[str]) -> Codes:
    return np.array(sorted({zlib.crc32(one.encode()) for one in found}), np.uint32)
