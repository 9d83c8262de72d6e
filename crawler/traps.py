"""Endless URL spaces: calendars, repeated path segments, parameters without end. Learnt as a crawl goes, bounded."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from urllib.parse import urlsplit

from core.clock import utc_now

MAX_SEGMENTS = 16
MAX_REPEATS = 3  # of a segment or of a pair of segments
MAX_QUERIES = 200  # different ones of one path
MAX_DATES = 400  # different ones under one path
MAX_PARAMETERS = 8
FIRST_YEAR = 1990
YEARS_AHEAD = 1
MAX_PATHS = 20_000  # remembered
_DATE = re.compile(r"(?<!\d)((?:19|20|21)\d\d)[-/_.]?(0?[1-9]|1[0-2])?(?:[-/_.](0?[1-9]|[12]\d|3[01]))?(?!\d)")
_CALENDAR = re.compile(r"calend|kalend|agenda|event|termin|month|week|(?<![a-z])day(?![a-z])|date", re.I)


class Traps:
    """One site's. Deterministic: the same URLs in the same order are refused for the same reasons."""

    def __init__(self) -> None:
        self._queries: dict[str, set[str]] = defaultdict(set)
        self._dates: dict[str, set[str]] = defaultdict(set)

    def learn(self, url: str) -> None:
        """A URL that will be visited."""
        parts = urlsplit(url)
        path = parts.path
        if parts.query and (path in self._queries or len(self._queries) < MAX_PATHS):
            queries = self._queries[path]
            if len(queries) <= MAX_QUERIES:
                queries.add(parts.query)
        found = _DATE.search(url[len(parts.scheme) + 3 :]) if _CALENDAR.search(url) else None
        if found is not None:
            prefix = _undated(path)
            if prefix in self._dates or len(self._dates) < MAX_PATHS:
                self._dates[prefix].add(found.group())

    def refusal(self, url: str) -> str | None:
        """Why the URL looks like one of endlessly many; None when it does not."""
        parts = urlsplit(url)
        return self._path(parts.path) or self._query(parts.path, parts.query) or self._calendar(url, parts.path)

    def _path(self, path: str) -> str | None:
        segments = [segment for segment in path.split("/") if segment]
        if len(segments) > MAX_SEGMENTS:
            return f"Its path has more than {MAX_SEGMENTS} segments."
        if _repeats(segments) or _repeats(pairwise(segments)):
            return "Its path repeats itself."
        return None

    def _query(self, path: str, query: str) -> str | None:
        if not query:
            return None
        if query.count("&") >= MAX_PARAMETERS:
            return f"It has more than {MAX_PARAMETERS} parameters."
        known = self._queries.get(path, set())
        if len(known) >= MAX_QUERIES and query not in known:
            return f"Its path has been found with {MAX_QUERIES} different parameters already."
        return None

    def _calendar(self, url: str, path: str) -> str | None:
        if not _CALENDAR.search(url):
            return None
        found = _DATE.search(url, len("https://"))
        if found is None:
            return None
        today = utc_now().date()
        year = int(found[1])
        if not FIRST_YEAR <= year <= today.year + YEARS_AHEAD or _is_far(found, today):
            return "It is a page of a calendar far from today."
        known = self._dates.get(_undated(path), set())
        if len(known) >= MAX_DATES and found.group() not in known:
            return f"A calendar of which {MAX_DATES} pages have been found already."
        return None


def _is_far(found: re.Match[str], today: date) -> bool:
    if not found[2]:
        return False
    return (int(found[1]) - today.year) * 12 + int(found[2]) - today.month > 12 * YEARS_AHEAD


def _undated(path: str) -> str:
    found = _DATE.search(path)
    return path[: found.start()] if found else path


def _repeats(items: Iterable[object]) -> bool:
    return max(Counter(items).values(), default=0) >= MAX_REPEATS
