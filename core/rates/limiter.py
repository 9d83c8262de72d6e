"""Moving windows over requests, by `limits` (limits.readthedocs.io, “Moving Window”).

Where the store of the counts does not answer, requests pass: a limit protects the service from too much work, and a
service that refuses all work because nobody counts it is worse off than one that does a little too much for a while.
"""

import math
import time
from collections.abc import Sequence

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter

from core.metrics import RATES_UNCOUNTED
from core.rates.rate import UNLIMITED, Rate, Standing, untouched

log = structlog.get_logger()
REST_S = 1.0  # for which a store that failed is not asked


class RateLimiter:
    """Counts by names of buckets. To be used in one event loop."""

    def __init__(self, storage: Storage) -> None:
        faults = storage.base_exceptions
        self._windows = MovingWindowRateLimiter(storage)
        self._faults: tuple[type[Exception], ...] = (
            *(faults if isinstance(faults, tuple) else (faults,)),
            OSError,
            TimeoutError,
        )
        self._ask_at: float | None = None  # when a store that failed is asked again

    async def take(self, bucket: str, rates: Sequence[Rate]) -> Standing:
        """Count one request; one that is refused counts nowhere but in the windows before the one that refused it.

        What comes back is the window that refuses, else the one with the fewest requests left. Give short windows
        first, so that requests which they refuse use up nothing of the longer ones.
        """
        if not rates:
            return untouched(Rate(UNLIMITED))
        if self._is_resting():
            return _uncounted(rates[0])
        try:
            standings = await self._take_all(bucket, rates)
        except self._faults as error:
            self._rest(error)
            return _uncounted(rates[0])
        self._answered()
        return min(standings, key=lambda one: (one.allowed, one.remaining))

    async def _take_all(self, bucket: str, rates: Sequence[Rate]) -> list[Standing]:
        standings: list[Standing] = []
        for rate in rates:
            standings.append(await self._take(bucket, rate))
            if not standings[-1].allowed:
                break
        return standings

    async def _take(self, bucket: str, rate: Rate) -> Standing:
        item = RateLimitItemPerSecond(rate.requests, rate.seconds)
        allowed = await self._windows.hit(item, bucket)
        stats = await self._windows.get_window_stats(item, bucket)
        remaining = max(0, stats.remaining) if allowed else 0
        return Standing(rate, remaining, math.ceil(stats.reset_time), allowed)

    def _is_resting(self) -> bool:
        """True while a store that failed is left alone; one request at a time looks whether it is back."""
        now = time.monotonic()
        if self._ask_at is None or now >= self._ask_at:
            self._ask_at = None if self._ask_at is None else now + REST_S
            return False
        return True

    def _rest(self, error: Exception) -> None:
        if self._ask_at is None:
            log.warning("rates_uncounted", reason=type(error).__name__, until="the store answers again")
        self._ask_at = time.monotonic() + REST_S

    def _answered(self) -> None:
        if self._ask_at is not None:
            self._ask_at = None
            log.info("rates_counted_again")


def _uncounted(rate: Rate) -> Standing:
    RATES_UNCOUNTED.inc()
    return untouched(rate)
