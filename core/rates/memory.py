"""Moving windows in the memory of one process, for `limits`' strategy.

Its own store in memory believes the wall clock, so that one which is set back an hour refuses for an hour; it starts a
thread with nearly every request, and forgets no caller. This one counts by the monotonic clock, in the event loop, and
keeps so many callers at most.
"""

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from limits.aio.storage import MovingWindowSupport, Storage

MOST_BUCKETS = 50_000
FORGOTTEN_TOGETHER = 4  # quiet ones that one request makes room of, so that more leave than come


@dataclass(slots=True)
class _Window:
    seconds: int
    times: deque[float] = field(default_factory=deque)  # of requests, oldest first

    def forget(self, now: float) -> None:
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()


class WindowMemory(Storage, MovingWindowSupport):
    STORAGE_SCHEME = ["insydr+memory"]

    def __init__(self) -> None:
        super().__init__()
        self._windows: OrderedDict[str, _Window] = OrderedDict()  # latest request last

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = time.monotonic()
        window = self._windows.get(key) or _Window(expiry)
        window.forget(now)
        if len(window.times) + amount > limit:
            return False
        window.times.extend([now] * amount)
        self._windows[key] = window
        self._windows.move_to_end(key)
        self._make_room(now)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When its oldest request came, in Unix time, and how many there are."""
        window, now = self._windows.get(key), time.monotonic()
        if window is None:
            return time.time(), 0
        window.forget(now)
        return (time.time() - (now - window.times[0]) if window.times else time.time()), len(window.times)

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    async def reset(self) -> int | None:
        number = len(self._windows)
        self._windows.clear()
        return number

    async def check(self) -> bool:
        return True

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("fixed windows are not kept here")

    async def get(self, key: str) -> int:
        raise NotImplementedError("fixed windows are not kept here")

    async def get_expiry(self, key: str) -> float:
        raise NotImplementedError("fixed windows are not kept here")

    def _make_room(self, now: float) -> None:
        for _ in range(FORGOTTEN_TOGETHER):
            first = next(iter(self._windows))
            window = self._windows[first]
            window.forget(now)
            if len(self._windows) <= MOST_BUCKETS and window.times:
                return
            del self._windows[first]
