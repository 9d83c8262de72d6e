"""Slow outside hosts hold places of their own: others are served meanwhile."""

import threading

import anyio
import pytest

from api.pools import Pool
from core.errors import TooManyRequests


def pool(places: int, queue: int = 0) -> Pool:
    return Pool("BUSY", "Too many at once.", places=places, queue=queue)


class TestPool:
    def test_who_finds_it_full_is_told_to_come_back(self) -> None:
        gate, refused = threading.Event(), list[TooManyRequests]()

        async def ask(one: Pool) -> None:
            try:
                await one.run(lambda: gate.wait(30))
            except TooManyRequests as error:
                refused.append(error)
                gate.set()

        async def main() -> None:
            one = pool(places=2, queue=1)
            async with anyio.create_task_group() as group:
                for _ in range(4):
                    group.start_soon(ask, one)

        anyio.run(main)
        assert [error.code for error in refused] == ["BUSY"]
        assert refused[0].headers["Retry-After"]

    def test_an_error_gives_the_place_back(self) -> None:
        async def main() -> int:
            one = pool(places=1)
            with pytest.raises(ZeroDivisionError):
                await one.run(lambda: 1 // 0)
            return await one.run(lambda: 7)

        assert anyio.run(main) == 7
