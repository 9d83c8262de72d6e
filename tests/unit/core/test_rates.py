"""Moving windows: exact, by the monotonic clock, in bounded memory; a store that is gone lets pass."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from core.metrics import RATES_UNCOUNTED
from core.rates import limiter as limiter_module
from core.rates import memory
from core.rates.factory import open_limiter
from core.rates.limiter import RateLimiter
from core.rates.memory import WindowMemory
from core.rates.rate import UNLIMITED, Rate, Standing
from core.settings import Settings
from tests.support.services import fresh_redis

MINUTE, HOUR = Rate(3), Rate(5, 3_600)


class Clocks:
    """The wall clock and the monotonic one, apart."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wall, self.monotonic = time.time(), float(round(time.monotonic()))  # halves of a minute are one, exactly
        patch.setattr(time, "time", lambda: self.wall)
        patch.setattr(time, "monotonic", lambda: self.monotonic)

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.fixture(params=["memory", "redis"])
def limiter(request: pytest.FixtureRequest) -> Iterator[Callable[[], RateLimiter]]:
    """Makes limiters that count together, each for an event loop of its own."""
    if request.param == "memory":
        one = RateLimiter(WindowMemory())
        yield lambda: one
        return
    with fresh_redis() as url:
        yield lambda: open_limiter(Settings(rate_limit_url=url))


def taken(limiter: RateLimiter, times: int, *rates: Rate, bucket: str = "b") -> list[Standing]:
    async def take() -> list[Standing]:
        return [await limiter.take(bucket, rates) for _ in range(times)]

    return asyncio.run(take())


class TestWindows:
    def test_so_many_pass_and_the_next_is_told_when(self, limiter: Callable[[], RateLimiter]) -> None:
        *passed, refused = taken(limiter(), 4, MINUTE)
        assert [one.remaining for one in passed] == [2, 1, 0]
        assert all(one.allowed for one in passed)
        assert (refused.allowed, refused.remaining, refused.rate) == (False, 0, MINUTE)
        assert 59 <= refused.resets_at - time.time() <= 61
        assert 58 <= refused.retry_after_s() <= 60

    def test_buckets_are_counted_apart(self, limiter: Callable[[], RateLimiter]) -> None:
        taken(limiter(), 4, MINUTE, bucket="hammered")
        assert taken(limiter(), 1, MINUTE, bucket="other")[0].remaining == 2

    def test_what_a_short_window_refuses_uses_up_nothing_of_the_long_one(
        self, limiter: Callable[[], RateLimiter]
    ) -> None:
        standings = taken(limiter(), 50, MINUTE, HOUR)
        assert [one.allowed for one in standings] == [True] * 3 + [False] * 47
        assert taken(limiter(), 1, HOUR)[0].remaining == 1  # five, less three, less this one

    def test_the_long_window_refuses_too(self, limiter: Callable[[], RateLimiter]) -> None:
        *_, last, refused = taken(limiter(), 6, Rate(100), HOUR)
        assert (last.rate, last.remaining, refused.allowed, refused.rate) == (HOUR, 0, False, HOUR)

    def test_a_thousand_at_once_are_counted_one_by_one(self, limiter: Callable[[], RateLimiter]) -> None:
        async def hammer() -> list[Standing]:
            one = limiter()
            return await asyncio.gather(*(one.take("hammered", [Rate(60)]) for _ in range(1_000)))

        assert sum(one.allowed for one in asyncio.run(hammer())) == 60

    def test_without_a_rate_there_is_no_limit(self, limiter: Callable[[], RateLimiter]) -> None:
        standing = taken(limiter(), 1)[0]
        assert standing.allowed
        assert standing.rate.requests == standing.remaining == UNLIMITED


class TestMemory:
    def test_the_window_moves(self, clocks: Clocks) -> None:
        limiter = RateLimiter(WindowMemory())
        taken(limiter, 2, MINUTE)
        clocks.pass_(30)
        assert not taken(limiter, 2, MINUTE)[-1].allowed
        clocks.pass_(30)
        assert [one.allowed for one in taken(limiter, 3, MINUTE)] == [True, True, False]

    @pytest.mark.parametrize("jump_s", [-3_600, 3_600])
    def test_a_clock_that_jumps_neither_locks_out_nor_lets_in(self, clocks: Clocks, jump_s: float) -> None:
        limiter = RateLimiter(WindowMemory())
        taken(limiter, 3, MINUTE)
        clocks.wall += jump_s
        refused = taken(limiter, 1, MINUTE)[0]
        assert not refused.allowed
        assert refused.retry_after_s() == 60
        assert refused.resets_at == pytest.approx(clocks.wall + 60, abs=1)
        clocks.pass_(60)
        assert taken(limiter, 1, MINUTE)[0].allowed

    def test_so_many_callers_are_kept_at_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "MOST_BUCKETS", 100)
        store = WindowMemory()
        limiter = RateLimiter(store)
        for number in range(500):
            taken(limiter, 1, MINUTE, bucket=f"b{number}")
        assert asyncio.run(store.reset()) == 100

    def test_who_is_quiet_is_forgotten(self, clocks: Clocks) -> None:
        store = WindowMemory()
        limiter = RateLimiter(store)
        for number in range(500):
            taken(limiter, 1, MINUTE, bucket=f"b{number}")
        clocks.pass_(61)
        taken(limiter, 130, Rate(1_000), bucket="busy")
        assert asyncio.run(store.reset()) == 1


class TestRedis:
    def test_goes_on_after_a_restart_that_forgot_the_scripts(self) -> None:
        with fresh_redis() as url:
            client = redis.Redis.from_url(url)
            lefts = []
            for _ in range(3):
                lefts.append(taken(open_limiter(Settings(rate_limit_url=url)), 1, MINUTE)[0].remaining)
                client.script_flush()
            client.close()
        assert lefts == [2, 1, 0]

    def test_servers_whose_clocks_differ_count_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        true_time = time.time
        with fresh_redis() as url:
            for ahead_s, allowed in ((-3_600, [True]), (3_600, [True]), (0, [True, False])):
                monkeypatch.setattr(time, "time", lambda ahead_s=ahead_s: true_time() + ahead_s)
                standings = taken(open_limiter(Settings(rate_limit_url=url)), len(allowed), MINUTE)
                assert [one.allowed for one in standings] == allowed
                assert 58 <= standings[-1].resets_at - time.time() <= 61


class Broken(WindowMemory):
    """Answers as long as it is told to."""

    STORAGE_SCHEME = ["broken+memory"]
    works, asked = False, 0

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        self.asked += 1
        if not self.works:
            raise ConnectionError
        return await super().acquire_entry(key, limit, expiry, amount)


class TestStoreThatIsGone:
    def test_requests_pass_and_are_counted_as_such(self, clocks: Clocks) -> None:
        before, store = RATES_UNCOUNTED._value.get(), Broken()
        limiter = RateLimiter(store)
        standings = taken(limiter, 10, MINUTE)
        assert all(one.allowed and one.remaining == 3 for one in standings)
        assert RATES_UNCOUNTED._value.get() - before == 10
        assert store.asked == 1  # it is left alone for a moment, so that no request waits for it
        clocks.pass_(limiter_module.REST_S)
        taken(limiter, 10, MINUTE)
        assert store.asked == 2

    def test_it_is_asked_again_and_counts_again(self, clocks: Clocks) -> None:
        store = Broken()
        limiter = RateLimiter(store)
        taken(limiter, 1, MINUTE)
        store.works = True
        clocks.pass_(limiter_module.REST_S)
        assert [one.allowed for one in taken(limiter, 4, MINUTE)] == [True] * 3 + [False]

    def test_nobody_listens_there(self) -> None:
        standing = taken(open_limiter(Settings(rate_limit_url="redis://127.0.0.1:1/0")), 1, MINUTE)[0]
        assert standing.allowed

    def test_it_does_not_answer_in_time(self) -> None:
        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async def ask() -> Standing:
            server = await asyncio.start_server(swallow, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            async with server:
                return await open_limiter(Settings(rate_limit_url=f"redis://127.0.0.1:{port}/0")).take("b", [MINUTE])

        assert asyncio.run(ask()).allowed
