"""Whether two passages contradict each other: they answer the same question with other numbers or dates, or yes and no.

Only where it is plain. Two short answers that name the same unit, and each numbers that the other does not, contradict
each other; so do “Yes.” and “No.”. Answers of other kinds may both be right.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from core.visible import one_line


class Conflict(StrEnum):
    NUMBERS = "NUMBERS"
    DATES = "DATES"
    YES_NO = "YES_NO"


_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_KLEIN = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn zwanzig"
)
_WORDS = {word: str(number) for words in (_SMALL, _KLEIN) for number, word in enumerate(words.split())}
_TENS = {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}
_VALUES = _WORDS | _TENS
_MONTHS = "january february march april may june july august september october november december".split()
_MONATE = "januar februar märz april mai juni juli august september oktober november dezember".split()
_MONTH = {name: number for names in (_MONTHS, _MONATE) for number, name in enumerate(names, 1)}
_MONTH |= {name[:3]: number for name, number in _MONTH.items()}
_DATE = re.compile(
    r"\b(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})\.(\d{1,2})\.(\d{4})"
    r"|(\d{1,2})(?:st|nd|rd|th)?\.? ([a-zä]{3,9})\.?(?: (\d{4}))?"
    r"|([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?)\b"
)
_NUMBER = re.compile(r"(?P<before>[$€£¥])? ?(?P<number>\d+(?:[.,]\d+)*) ?(?P<after>%|[$€£¥]|[^\W\d_]+)?")
_POLAR = {"yes": True, "ja": True, "no": False, "nein": False}
_UNITS = {"€": "eur", "euro": "eur", "euros": "eur", "$": "usd", "dollar": "usd", "dollars": "usd", "£": "gbp",
          "percent": "%", "prozent": "%"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What one passage answers: the whole sentence, and what of it answers by itself where that is known."""

    text: str
    short: str | None


def conflict(one: Said, other: Said) -> Conflict | None:
    first, second = _polarity(one.text), _polarity(other.text)
    if first is not None and second is not None:
        return Conflict.YES_NO if first != second else None
    if one.short is None or other.short is None:
        return None
    left, right = _plain(one.short), _plain(other.short)
    dates = _dates(left), _dates(right)
    if all(dates):
        return Conflict.DATES if not any(_may_be(a, b) for a in dates[0] for b in dates[1]) else None
    numbers, others = _numbers(left), _numbers(right)
    units = numbers.keys() & others.keys()
    return Conflict.NUMBERS if units and all(not numbers[unit] & others[unit] for unit in units) else None


def _polarity(text: str) -> bool | None:
    first = re.match(r"(\w+)[.,!:]", text.strip().casefold())
    return _POLAR.get(first[1]) if first else None


def _plain(text: str) -> str:
    words = re.sub(r"[^\W\d_]+", lambda found: _VALUES.get(found[0], found[0]), one_line(text).casefold())
    return words.replace("–", "-")


def _dates(text: str) -> set[tuple[int | None, int, int]]:
    """(year or None, month, day)."""
    found: set[tuple[int | None, int, int]] = set()
    for parts in _DATE.findall(text):
        if parts[0]:
            found.add((int(parts[0]), int(parts[1]), int(parts[2])))
        elif parts[3]:
            found.add((int(parts[5]), int(parts[4]), int(parts[3])))
        else:
            day, name, year = (parts[6], parts[7], parts[8]) if parts[6] else (parts[10], parts[9], parts[11])
            if name in _MONTH:
                found.add((int(year) if year else None, _MONTH[name], int(day)))
    return found


def _may_be(one: tuple[int | None, int, int], other: tuple[int | None, int, int]) -> bool:
    return one[1:] == other[1:] and (one[0] is None or other[0] is None or one[0] == other[0])


def _numbers(text: str) -> dict[str, set[float]]:
    """By unit: the word or sign beside each; the empty one where there is none."""
    found: dict[str, set[float]] = {}
    for one in _NUMBER.finditer(text):
        unit = one["before"] or one["after"] or ""
        unit = _UNITS.get(unit, unit)
        unit = unit[:-1] if len(unit) > 3 and unit.endswith(("s", "n")) else unit
        found.setdefault(unit.removesuffix("e"), set()).add(_value(one["number"]))
    return found


def _value(written: str) -> float:
    """In either way of writing: what stands after the last point or comma is a fraction unless it has three digits."""
    whole, mark, rest = written.rpartition("," if written.rfind(",") > written.rfind(".") else ".")
    if mark and len(rest) != 3:
        return float(f"{re.sub('[.,]', '', whole)}.{rest}")
    return float(re.sub("[.,]", "", written))
