"""What stands around a quote: whole sentences, else whole words, of some hundred characters."""

import unicodedata

from core.sentences import sentences

MAX_CHARACTERS = 300  # on each side
WINDOW = 1_000  # that is read on each side, to see where sentences begin and end


def surroundings(window: str, start: int, end: int, *, from_start: bool, to_end: bool) -> tuple[str, str]:
    """What is before and after `window[start:end]`, as it stands; `from_start` and `to_end`: the window is not cut."""
    spans = sentences(window)
    begins = [one.start for one in spans if start - MAX_CHARACTERS <= one.start < start]
    ends = [one.end for one in spans if end < one.end <= end + MAX_CHARACTERS]
    begins = [one for one in begins if one > 0 or from_start]
    ends = [one for one in ends if one < len(window) or to_end]
    first = min(begins, default=None)
    last = max(ends, default=None)
    first = _word_from(window, max(0, start - MAX_CHARACTERS), start) if first is None else first
    last = _word_to(window, end, min(len(window), end + MAX_CHARACTERS)) if last is None else last
    return window[first:start], window[end:last]


def _word_from(text: str, first: int, start: int) -> int:
    """The first place from `first` on where a word begins; a script without spaces is cut between its characters."""
    if first == 0 or text[first - 1].isspace():
        return first
    found = next((place for place in range(first, start) if text[place].isspace()), None)
    if found is not None:
        return found + 1
    while first < start and _joins(text[first]):
        first += 1
    return first


def _word_to(text: str, end: int, last: int) -> int:
    if last == len(text) or text[last].isspace():
        return last
    found = next((place for place in range(last - 1, end - 1, -1) if text[place].isspace()), None)
    if found is not None:
        return found
    while last > end and _joins(text[last]):
        last -= 1
    return last


def _joins(character: str) -> bool:
    """Whether it is drawn upon or joined to the one before it."""
    return unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"
