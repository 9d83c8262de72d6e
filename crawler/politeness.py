"""How often and how much at once one host is asked: as much as it answers quickly, less when it slows down, not at
all while it asks for a pause (RFC 9110 §10.2.3, Retry-After).

Requests at once follow additive increase, multiplicative decrease (Chiu and Jain, 1989).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from core.clock import utc_now

MAX_PAUSE_S = 3_600.0
FIRST_PAUSE_S = 5.0  # where a host is overloaded but names no time
SLOW_S = 0.5  # a quicker answer never counts as slow
SLOW_TIMES = 3.0  # slow is this many times the host's usual time
WEIGHT = 0.2  # of the newest answer in the usual time
OVERLOADED = (429, 503)


@dataclass(frozen=True, slots=True)
class Pace:
    """Bounds that nothing raises: requests at once, and requests a second."""

    places: int
    max_rate: float


class Politeness:
    """One host's. Not thread-safe: the crawl's own thread asks and reports."""

    def __init__(self, pace: Pace, clock: Callable[[], float], delay_s: float | None = None) -> None:
        self._pace, self._clock = pace, clock
        self._gap_s = 1.0 / pace.max_rate
        self._most = float(pace.places)
        self._at_once, self._busy = 1.0, 0
        self._next_at, self._usual_s, self._pauses = 0.0, 0.0, 0
        if delay_s is not None:
            self.obey(delay_s)

    def obey(self, delay_s: float) -> None:
        """The host's Crawl-delay: one request at a time, this far apart."""
        more_s = max(delay_s - self._gap_s, 0.0)
        self._gap_s, self._most = self._gap_s + more_s, 1.0 if delay_s > 0 else self._most
        self._at_once = min(self._at_once, self._most)
        if self._next_at:  # it is learnt with an answer: from that request to the next one it holds already
            self._next_at += more_s

    @property
    def at_once(self) -> int:
        """Requests that may be under way."""
        return int(self._at_once)

    def wait_s(self) -> float:
        """Until the next request may begin; infinity while one must end first."""
        if self._busy >= self.at_once:
            return math.inf
        return max(0.0, self._next_at - self._clock())

    def pause_s(self) -> float:
        """How long the host is left alone from now on."""
        return max(0.0, self._next_at - self._clock())

    def begin(self) -> None:
        self._busy += 1
        self._next_at = max(self._clock(), self._next_at) + self._gap_s

    def give_back(self) -> None:
        """Nothing was asked after all."""
        self._busy -= 1
        self._next_at = max(0.0, self._next_at - self._gap_s)

    def end(self, elapsed_s: float, status: int | None, retry_after_s: float | None = None) -> None:
        """Learn from an answer; `status` None stands for none at all."""
        self._busy -= 1
        if status in OVERLOADED:
            self._pause(retry_after_s)
        elif status is None or status >= 500:
            self._at_once = max(1.0, self._at_once / 2)
        else:
            self._answered(elapsed_s)

    def _pause(self, retry_after_s: float | None) -> None:
        wait_s = FIRST_PAUSE_S * 2.0**self._pauses if retry_after_s is None else retry_after_s
        self._pauses = min(self._pauses + 1, 10)
        self._next_at = max(self._next_at, self._clock() + min(max(wait_s, self._gap_s), MAX_PAUSE_S))
        self._at_once = max(1.0, self._at_once / 2)

    def _answered(self, elapsed_s: float) -> None:
        self._pauses = 0
        usual_s = self._usual_s or elapsed_s
        if elapsed_s > max(SLOW_S, SLOW_TIMES * usual_s):
            self._at_once = max(1.0, self._at_once * 0.7)
        else:
            self._at_once = min(self._most, self._at_once + 1.0 / self._at_once)
        self._usual_s = (1 - WEIGHT) * usual_s + WEIGHT * elapsed_s


def retry_after_s(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None where it says nothing readable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_PAUSE_S)
    try:
        moment = parsedate_to_datetime(text)
        wait_s = (moment - (now or utc_now())).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, wait_s), MAX_PAUSE_S)
