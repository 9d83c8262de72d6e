"""Each origin's robots.txt, fetched once an hour, and sooner again while it cannot be reached (RFC 9309 §2.3, §2.4)."""

import threading
from collections.abc import Callable

from crawler.fetch import Answer, Fetcher, FetchError
from crawler.robots import Fault, Robots
from crawler.urls import UrlError, normal_form, origin_of

MAX_BYTES = 500 * 1024  # RFC 9309 §2.5: at least this much is read
MAX_HOPS = 5  # RFC 9309 §2.3.1.2
TTL_S = 3_600.0
BLOCKED_TTL_S = 5.0
MAX_ORIGINS = 500


class RobotsCache:
    """Thread-safe; one origin is asked by one thread at a time."""

    def __init__(self, fetcher: Fetcher, product: str, clock: Callable[[], float]) -> None:
        self._fetcher, self._product, self._clock = fetcher, product, clock
        self._known: dict[str, tuple[Robots, float]] = {}
        self._locks: dict[str, threading.Lock] = {}

    def of(self, url: str) -> Robots:
        """The rules of the URL's origin."""
        origin = origin_of(url)
        with self._locks.setdefault(origin, threading.Lock()):
            found = self._known.get(origin)
            if found is None or found[1] < self._clock():
                robots = self._fetched(origin)
                ttl_s = BLOCKED_TTL_S if robots.unreachable_now else TTL_S
                if len(self._known) >= MAX_ORIGINS:
                    self._known.clear()
                    self._locks.clear()
                found = self._known[origin] = (robots, self._clock() + ttl_s)
            return found[0]

    def _fetched(self, origin: str) -> Robots:
        try:
            answer = self._followed(f"{origin}/robots.txt")
        except FetchError as error:
            # more than the limit is cut off by the standard, but nobody writes that much in earnest
            is_none = error.code in ("TOO_LARGE", "BAD_REDIRECT")
            if is_none:
                return Robots.allow_all()
            return Robots.unreachable(error.message, Fault(error.code, error.lasting))
        if answer is None:
            return Robots.allow_all()
        return Robots.answered(answer.status, answer.body, self._product)

    def _followed(self, url: str) -> Answer | None:
        """Redirects may lead to other hosts; after five there are no rules (RFC 9309 §2.3.1.2)."""
        for _ in range(MAX_HOPS + 1):
            answer = self._fetcher.get(url, max_bytes=MAX_BYTES * 20)
            if not 300 <= answer.status < 400 or "location" not in answer.headers:
                return answer
            try:
                url = normal_form(answer.headers["location"], url)
            except UrlError:
                return None
        return None
