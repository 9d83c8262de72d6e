"""Whether letters are what a reader sees: fonts may say nothing, or something wrong, about the letters they draw.

ISO 32000-2 §9.10.2 gives a font three ways to say so; a subset without any comes out as numbers of glyphs (“7KLV” for
“This”), one with a false map as other letters (some sellers of data do that on purpose). Such text must not be indexed.
"""

import re
import unicodedata

from ingest.codepages import common_ideographs

MIN_LETTERS = 150  # fewer say little about their frequency: a page of codes is no garbage
MIN_IDEOGRAPHS = 60
_UNKNOWN = re.compile(r"[\ufffd\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]")
# by frequency, without marks: a third of the alphabet makes up two thirds of any text in these languages
_FREQUENT = tuple(
    map(
        frozenset,
        ("etaoinsr", "enisratd", "esaitnru", "eaosrnid", "eaionlrt", "aeosridn", "enatirod", "aioeznrw", "aeinrlkd",
         "aintesol", "eantrsil", "eatlnsko", "oeantivl", "aienurtd", "aneitkmu", "nhtciagu"),
    )
)  # fmt: skip
_FREQUENT_SHARE = 0.45
_WORDS = frozenset(
    "the of and to in is for that with on der die das und den von zu ist mit le la les de des et en un une que el los y"
    " del las por con il di che per non da do em para com het een van op te dat i w z na nie se och att det som er ve"
    " bir bu ja on ei az egy es a va nu ca an ang dan yang di untuk va la cua cho".split()
)
_WORD_SHARE = 0.02  # of the letters; a quarter of them in prose
_COMMON_SHARE = 0.04  # of ideographs; a third in prose
_TOKEN = re.compile(r"[^\W\d_]+")


def is_garbled(text: str) -> bool:
    """True where the characters of a page have no meaning or are none that a text of words is made of."""
    solid = "".join(text.split()).replace("\ufffe", "").replace("\x02", "")
    if len(solid) > 20 and len(_UNKNOWN.findall(solid)) > len(solid) / 3:
        return True
    return _garbled_latin(text) or _garbled_ideographs(text)


def _garbled_latin(text: str) -> bool:
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", text).lower() if not unicodedata.combining(letter)
    )
    words = _TOKEN.findall(plain)
    letters = [letter for word in words for letter in word if "a" <= letter <= "z"]
    if len(letters) < MIN_LETTERS or len(letters) < 0.8 * sum(map(len, words)):
        return False
    if sum(len(word) for word in words if word in _WORDS and len(word) > 1) > _WORD_SHARE * len(letters):
        return False
    counts = {letter: letters.count(letter) for letter in set(letters)}
    share = max(sum(counts.get(letter, 0) for letter in frequent) for frequent in _FREQUENT) / len(letters)
    return share < _FREQUENT_SHARE


def _garbled_ideographs(text: str) -> bool:
    ideographs = [character for character in text if "\u4e00" <= character <= "\u9fff"]
    if len(ideographs) < MIN_IDEOGRAPHS:
        return False
    if any("\u3041" <= character <= "\u30ff" or "\uac00" <= character <= "\ud7a3" for character in text):
        return False
    common = common_ideographs()
    return sum(character in common for character in ideographs) < _COMMON_SHARE * len(ideographs)
