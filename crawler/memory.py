"""A frontier without a database: for dry runs and benchmarks."""

import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from crawler.frontier import Claimed, Found, Outcome, Remaining, Result
from crawler.urls import page_key


class MemoryFrontier:
    """Keeps every outcome; `known` bounds how many URLs it remembers."""

    def __init__(
        self,
        seeds: Iterable[Found],
        *,
        max_pages: int,
        known: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_pages, self._known, self._clock = max_pages, known, clock
        self.queue: dict[str, Found] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.refused: dict[str, Found] = {}
        self._tries: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._pages = 0
        self._add(seeds)

    def next(self, limit: int, besides: Collection[str]) -> list[Claimed]:
        due = ((key, found) for key, found in self.queue.items() if key not in besides and self._waits_s(key) <= 0)
        ordered = sorted(due, key=lambda item: item[1].depth)
        return [
            Claimed(
                key, found.url, found.via, found.depth, found.hops, self._tries.get(key, 0), modified=found.modified
            )
            for key, found in ordered[:limit]
        ]

    def apply(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            key = outcome.claimed.key
            if outcome.result is Result.LATER:
                self._tries[key] = self._tries.get(key, 0) + 1
                self._due[key] = self._clock() + outcome.delay_s
                if outcome.url is not None:
                    self.queue[key] = replace(self.queue[key], url=outcome.url, hops=self.queue[key].hops + 1)
                continue
            self.queue.pop(key, None)
            self.outcomes[key] = outcome
            self._pages += outcome.result is Result.CONTENT
            self._add(outcome.found)

    def remaining(self) -> Remaining:
        due_in_s = min(map(self._waits_s, self.queue), default=0.0)
        return Remaining(len(self.queue), self._max_pages - self._pages, max(0.0, due_in_s))

    def _waits_s(self, key: str) -> float:
        return self._due.get(key, -math.inf) - self._clock()

    def _add(self, found: Iterable[Found]) -> None:
        for one in found:
            key = page_key(one.url)
            if key in self.queue or key in self.outcomes or len(self.queue) + len(self.outcomes) >= self._known:
                continue
            if one.refusal is not None:
                self.refused.setdefault(key, one)
            else:
                self.queue[key] = one
                self.refused.pop(key, None)
