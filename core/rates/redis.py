"""Moving windows in Redis, by `limits`' own scripts.

Its strategy asks twice for each request, whether it may pass and where its window stands then, and each question is a
round trip. Here one trip carries both for all requests that came while the trip before it was under way: the busier the
server, the more of them share one. All go by Redis' clock, so that servers whose own differ, or are set, count alike.
"""

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import redis.asyncio
from limits.aio.storage import RedisStorage
from redis.exceptions import NoScriptError

PREFIX = "insydr-rates"
TIMEOUT_S = 0.25  # a slower Redis counts as gone
TOGETHER = 100  # requests of one trip
CLOCK_S = 10.0  # between looks at Redis' clock
Window = tuple[float, int]  # since when (Unix time), and how many requests
_seen: ContextVar[tuple[str, Window] | None] = ContextVar("window", default=None)  # of the task's request, by its key


@dataclass(slots=True)
class _Asked:
    key: str
    limit: int
    seconds: int
    amount: int
    answer: asyncio.Future[tuple[bool, Window]]


class RedisWindows(RedisStorage):
    STORAGE_SCHEME = ["insydr+redis"]

    def __init__(self, url: str) -> None:
        pool: Any = redis.asyncio.ConnectionPool.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        super().__init__(url, implementation="redispy", key_prefix=PREFIX, connection_pool=pool)
        self._waiting: list[_Asked] = []
        self._trips: asyncio.Task[None] | None = None
        self._ahead_s, self._looked_at = 0.0, -CLOCK_S  # Redis' clock, of our monotonic one

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        asked = _Asked(key, limit, expiry, amount, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._trips is None or self._trips.done():
            self._trips = asyncio.create_task(self._travel())
        acquired, window = await asked.answer
        _seen.set((key, window))
        return acquired

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> Window:
        seen = _seen.get()
        if seen is not None and seen[0] == key:
            _seen.set(None)
            return seen[1]
        return await super().get_moving_window(key, limit, expiry)

    async def _travel(self) -> None:
        """Until nobody waits. Where one trip fails, so would the next: everybody learns of it at once."""
        while self._waiting:
            group, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            try:
                answers = await self._trip(group)
            except Exception as error:  # whatever it is, nobody may wait for ever
                failed, self._waiting = [*group, *self._waiting], []
                for asked in failed:
                    if not asked.answer.done():
                        asked.answer.set_exception(error)
                continue
            for asked, answer in zip(group, answers, strict=True):
                if not asked.answer.done():  # else its client has left
                    asked.answer.set_result(answer)

    async def _trip(self, group: list[_Asked]) -> list[tuple[bool, Window]]:
        bridge: Any = self.bridge
        client, acquire, stand = bridge.get_connection(), bridge.lua_acquire_moving_window, bridge.lua_moving_window
        if time.monotonic() - self._looked_at >= CLOCK_S:
            seconds, microseconds = await client.time()
            self._looked_at = time.monotonic()
            self._ahead_s = seconds + microseconds / 1e6 - self._looked_at
        now = time.monotonic() + self._ahead_s
        questions = client.pipeline(transaction=False)
        for asked in group:
            name = bridge.prefixed_key(asked.key)
            questions.evalsha(acquire.sha, 1, name, now, asked.limit, asked.seconds, asked.amount)
            questions.evalsha(stand.sha, 1, name, now - asked.seconds, asked.limit)
        try:
            found = await questions.execute()
        except NoScriptError:  # nothing was counted: a new Redis, or one that was restarted
            for script in (acquire, stand):
                await client.script_load(script.script)
            return await self._trip(group)
        behind_s = time.time() - now  # callers are told by our clock
        return [
            (bool(acquired), (float(window[0]) + behind_s, int(window[1])) if window else (now + behind_s, 0))
            for acquired, window in zip(found[::2], found[1::2], strict=True)
        ]
