"""Endless spaces of addresses: paths that grow by themselves, calendars without end, parameters in all combinations.

Learnt from the addresses of one site alone, in bounded memory: the same URLs in the same order are refused for the
same reasons. The limits are such that honest sites stay below them: archives by date whose addresses go on with an
article's name, paging, and programs that serve a whole site behind “index.php?id=…”.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.clock import utc_now
from crawler.urls import path_of

MAX_SEGMENTS = 16
MAX_REPEATS = 3  # this many of one segment are too many
MAX_QUERIES = 200  # different ones of one path
MAX_IDENTIFIED = 5_000  # the same, where all parameters name a page
MAX_PARAMETERS = 5  # in one query, …
FACETED_FROM = 20  # … once the path has been seen with this many queries
MAX_DATES = 400  # different ones in one place
FIRST_YEAR = 1990
MONTHS_AHEAD = 12
MAX_REMEMBERED = 200_000  # queries and dates in all; those of the paths seen first are forgotten first
# parameters by which programs tell pages apart: many of them are many pages
_IDENTIFIERS = frozenset(
    "a act action aid app article article_id c cat cat_id category category_id cid class cmd content controller d do "
    "doc doc_id entry f fid file forum func function id id_article id_category id_product item item_id itemid key l "
    "lang language m method mid mod module n name news nid node op option p pag page_id pageid path pid post post_id "
    "product product_id recordid route section show site slug story t task term thread threadid tid title topic "
    "u uid".split()
)
_CALENDAR = re.compile(
    r"calend[ae]r|kalender|(?<![a-z])(?:agenda|events?|termine?|months?|monate?|weeks?|days?|dates?|datum)(?![a-z])",
    re.I,
)
_PATH_DATE = re.compile(r"/([0-9]{4})([-/])(0?[1-9]|1[0-2])(?:\2(0?[1-9]|[12][0-9]|3[01]))?(?![^/?.])")
_QUERY_DATE = re.compile(r"[?&]([^=&]*)=([0-9]{4})-?(0[1-9]|1[0-2])(?:-?(0[1-9]|[12][0-9]|3[01]))?(?![0-9A-Za-z])")
_QUERY_YEAR = re.compile(r"[?&](?:[a-z]*year|yr|y|jahr)=([0-9]{4})(?=&|$)", re.I)
_QUERY_MONTH = re.compile(r"[?&](?:[a-z]*month|mon|m|monat)=(0?[1-9]|1[0-2])(?=&|$)", re.I)
_NAME = re.compile(r"/(?=[^/]*[a-z%])[^/]*[-_.][^/]*", re.I)
_CENTURIES = range(1900, 2200)  # years outside of them are numbers


@dataclass(frozen=True, slots=True)
class _Dated:
    """A date in an address: where it stands, which, its month counted from year 0; whether a name follows, as an
    article's or an event's does, and whether the address speaks of a calendar."""

    place: str
    date: str
    month: int
    is_named: bool
    is_calendar: bool


class Traps:
    """Of one site. `learn` what will be visited; ask for `refusal` before. Not thread-safe."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._queries, self._dates = _Seen(), _Seen()

    def learn(self, url: str) -> None:
        """A URL in normal form that will be visited."""
        target = path_of(url)
        path, _, query = target.partition("?")
        if query:
            most = _most(query)
            self._queries.add((path, most), query, most)
        dated = _dated(target)
        if dated is not None and not dated.is_named:
            self._dates.add((dated.place, 0), dated.date, MAX_DATES)

    def refusal(self, url: str) -> str | None:
        """Why the URL, in normal form, looks like one of endlessly many, in a sentence; None when it does not."""
        target = path_of(url)
        path, _, query = target.partition("?")
        return _of_path(path) or self._of_query(path, query) or self._of_date(target)

    def _of_query(self, path: str, query: str) -> str | None:
        most = _most(query)
        known = self._queries.of((path, most))
        if not query or query in known:
            return None
        if len(known) >= most:
            return f"Its path was found with {most:,} different queries already."
        if query.count("&") >= MAX_PARAMETERS and len(known) >= FACETED_FROM:
            return f"It combines more than {MAX_PARAMETERS} parameters of a path that has many combinations."
        return None

    def _of_date(self, target: str) -> str | None:
        dated = _dated(target)
        if dated is None:
            return None
        now = self._clock()
        if dated.month > now.year * 12 + now.month + MONTHS_AHEAD:
            return "It is a date of a calendar more than a year ahead."
        if dated.month <= FIRST_YEAR * 12 and (dated.is_calendar or not dated.is_named):
            return f"It is a date of a calendar before {FIRST_YEAR}."
        known = self._dates.of((dated.place, 0))
        if dated.is_named or dated.date in known or len(known) < MAX_DATES:
            return None
        return f"{MAX_DATES} dates of the same calendar were found already."


class _Seen:
    """Distinct values by key, bounded for each key and in all."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, int], set[str]] = {}
        self._total = 0

    def of(self, key: tuple[str, int]) -> set[str]:
        return self._values.get(key, set())

    def add(self, key: tuple[str, int], value: str, most: int) -> None:
        values = self._values.setdefault(key, set())
        if value in values or len(values) >= most:
            return
        values.add(value)
        self._total += 1
        while self._total > MAX_REMEMBERED:
            self._total -= len(self._values.pop(next(iter(self._values))))


def _of_path(path: str) -> str | None:
    segments = path.removesuffix("/").split("/")[1:]
    if len(segments) > MAX_SEGMENTS:
        return f"Its path has more than {MAX_SEGMENTS} parts."
    # ids and initials may well come back: only in a row are they suspicious
    words = [segment for segment in segments if len(segment) > 1 and not segment.isdigit()]
    if any(words.count(word) >= MAX_REPEATS for word in words) or _has_run(segments, 1) or _has_run(segments, 2):
        return f"Its path repeats a part {MAX_REPEATS} times."
    return None


def _has_run(segments: list[str], size: int) -> bool:
    """Whether `size` segments come three times in a row."""
    length = size * MAX_REPEATS
    runs = (segments[at : at + length] for at in range(len(segments) - length + 1))
    return any(run == run[:size] * MAX_REPEATS for run in runs)


def _most(query: str) -> int:
    names = {piece.partition("=")[0].lower() for piece in query.split("&")}
    return MAX_IDENTIFIED if names <= _IDENTIFIERS else MAX_QUERIES


def _dated(target: str) -> _Dated | None:
    """The first date of path and query. Two numbers are more often ids: year and month count only in calendars."""
    is_calendar = _CALENDAR.search(target) is not None
    path = target.partition("?")[0]
    for match in _PATH_DATE.finditer(path):
        if is_calendar or (match[4] and int(match[1]) in _CENTURIES):
            is_named = _NAME.search(path, match.end()) is not None
            return _Dated(path[: match.start()], match[0], _month(match[1], match[3]), is_named, is_calendar)
    for match in _QUERY_DATE.finditer(target, len(path)):
        if is_calendar or (match[4] and "-" in match[0] and int(match[2]) in _CENTURIES):
            return _Dated(f"{path}?{match[1]}", match[0], _month(match[2], match[3]), False, is_calendar)
    year, month = _QUERY_YEAR.search(target, len(path)), _QUERY_MONTH.search(target, len(path))
    if year is None or month is None:
        return None
    return _Dated(f"{path}?", f"{year[1]}-{month[1]}", _month(year[1], month[1]), False, is_calendar)


def _month(year: str, month: str) -> int:
    return int(year) * 12 + int(month)
