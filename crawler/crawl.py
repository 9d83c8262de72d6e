"""The crawl: visits at once where the hosts allow it, outcomes settled in groups, until nothing is left or time is up.

One thread schedules and settles; visits run in a pool and share nothing but the fetcher and the robots rules.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import islice

import structlog

from crawler.fingerprints import Doubles
from crawler.frontier import Claimed, Found, Frontier, Left, Outcome, Result, Via
from crawler.manners import Manners, Pace
from crawler.rules import LISTS
from crawler.traps import Traps
from crawler.urls import host_of
from crawler.visit import Contact, Visited, Visitor

log = structlog.get_logger()
AHEAD = 200  # URLs taken from the frontier at once
GROUP = 32  # outcomes settled in one transaction …
GROUP_S = 0.3  # … or as many as there are after this time
GROUP_BYTES = 8 * 2**20
TICK_S = 0.2


@dataclass(slots=True)
class Memory:
    """What a crawl learns on its way. It can be lost: it is made again from the frontier and from the hosts."""

    doubles: Doubles = field(default_factory=Doubles)
    traps: Traps = field(default_factory=Traps)
    hosts: dict[str, Manners] = field(default_factory=dict)


class Crawl:
    def __init__(
        self,
        frontier: Frontier,
        visitor: Visitor,
        memory: Memory,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._frontier, self._visitor, self._memory = frontier, visitor, memory
        self._pace, self._clock = pace, clock
        self._ready: deque[Claimed] = deque()
        self._flying: dict[Future[Visited], Claimed] = {}
        self._ended: list[Outcome] = []
        self._is_news = False  # settled since the frontier was asked
        self._settled_at = clock()

    def run(self, until_s: float, should_stop: Callable[[], bool] = lambda: False) -> Left:
        """Work until the frontier is empty, full, or waits longer than the time that is left; what remains.

        Raises what the frontier raises; then nothing of the last group is stored.
        """
        end = self._clock() + until_s
        with ThreadPoolExecutor(self._pace.places, thread_name_prefix="crawl") as pool:
            left = self._frontier.left()
            while self._clock() < end and not should_stop():
                self._start(pool, left)
                if not self._flying and not self._ended and not self._can_wait(left, end):
                    break
                self._collect(min(TICK_S, max(0.0, end - self._clock())))
                if self._is_group():
                    left = self._settle()
            while self._flying:
                self._collect(None)
            return self._settle()

    def _start(self, pool: ThreadPoolExecutor, left: Left) -> None:
        """As many visits as the hosts and the page limit allow; of several hosts the one that is free goes first."""
        if self._is_short() and left.queued > len(self._flying) + len(self._ended):
            self._ready, self._is_news = deque(self._frontier.next(AHEAD, self._in_hand())), False
        held: deque[Claimed] = deque()
        room = self._pace.places - len(self._flying)
        while self._ready and room > 0:
            claimed = self._ready.popleft()
            # a list is no page; nor may a visit start that could be one page too many
            is_free = claimed.via in LISTS or self._pages_in_hand() < left.pages
            manners = self._manners(claimed.url)
            if is_free and manners.wait_s() <= 0:
                manners.begin()
                self._flying[pool.submit(_visited, self._visitor, claimed)] = claimed
                room -= 1
            else:
                held.append(claimed)
        self._ready.extendleft(reversed(held))

    def _is_short(self) -> bool:
        """Whether the frontier may know more that can start: hosts of what is at hand may ask for a pause."""
        free = (one for one in self._ready if not self._is_news or self._manners(one.url).pause_s() <= 0)
        return sum(1 for _ in islice(free, self._pace.places)) < self._pace.places

    def _collect(self, timeout_s: float | None) -> None:
        if not self._flying:
            # every host asks for a pause: nothing else could wake us
            time.sleep(min(timeout_s or 0.0, self.waits_s() or TICK_S))
            return
        timeout_s = timeout_s if timeout_s is None else min(timeout_s, self._soonest())
        done, _ = wait(self._flying, timeout_s, return_when=FIRST_COMPLETED)
        for future in done:
            claimed = self._flying.pop(future)
            visited = future.result()
            self._learn(claimed, visited.contact)
            self._ended.append(self._judged(visited.outcome))

    def _learn(self, claimed: Claimed, contact: Contact | None) -> None:
        manners = self._manners(claimed.url)
        if contact is None:
            manners.give_back()
            return
        manners.end(contact.elapsed_s, contact.status, contact.retry_after_s)
        if contact.delay_s is not None:
            manners.obey(contact.delay_s)

    def _judged(self, outcome: Outcome) -> Outcome:
        """Copies are no content; URLs that lead into a trap are listed, not followed."""
        found = tuple(kept for one in outcome.found if (kept := self._kept(one)) is not None)
        outcome = replace(outcome, found=found)
        if outcome.result in (Result.MISSING, Result.SKIPPED, Result.REDIRECTED):
            self._memory.doubles.forget(outcome.claimed.url)
        if outcome.result is not Result.CONTENT or outcome.fingerprint is None:
            return outcome
        twin = self._memory.doubles.find(outcome.fingerprint)
        if twin is not None and twin != outcome.claimed.url:
            return replace(
                outcome, result=Result.SKIPPED, code="DUPLICATE", reason="Its text is that of another page.",
                content=None, target=twin,
            )  # fmt: skip
        self._memory.doubles.add(outcome.claimed.url, outcome.fingerprint)
        return outcome

    def _kept(self, found: Found) -> Found | None:
        rules, traps = self._visitor.rules, self._memory.traps
        if found.via in LISTS:
            return found
        if not rules.is_ours(found.url) and found.via is not Via.START:
            return None
        refusal = rules.refusal(found.url, found.via, found.depth)
        if refusal is None and (trap := traps.refusal(found.url)) is not None:
            refusal = ("TRAP", trap)
        if refusal is None:
            traps.learn(found.url)
        return replace(found, refusal=refusal)

    def _is_group(self) -> bool:
        if not self._ended:
            return False
        size = sum(len(one.content.body) for one in self._ended if one.content)
        waited = self._clock() - self._settled_at >= GROUP_S
        return waited or len(self._ended) >= GROUP or size >= GROUP_BYTES or not self._ready

    def _settle(self) -> Left:
        ended, self._ended = self._ended, []
        if ended:
            self._frontier.settle(ended)
            self._is_news = True
            self._move(ended)
        self._settled_at = self._clock()
        return self._frontier.left()

    def _move(self, ended: Sequence[Outcome]) -> None:
        """The start led to another host: that is the site from now on."""
        for outcome in ended:
            if outcome.moved_site is not None:
                rules = replace(self._visitor.rules, site=outcome.moved_site)
                self._visitor = replace(self._visitor, rules=rules)

    def _can_wait(self, left: Left, end: float) -> bool:
        """Whether something becomes due before the time is up."""
        if left.queued == 0 or (left.pages <= 0 and not any(one.via in LISTS for one in self._ready)):
            return False
        pauses = [self._manners(one.url).pause_s() for one in self._ready] or [left.due_in_s]
        return self._clock() + min(pauses) < end

    def waits_s(self) -> float:
        """How long the hosts of the URLs at hand ask for a pause."""
        return min((self._manners(one.url).pause_s() for one in self._ready), default=0.0)

    def _soonest(self) -> float:
        waits = [manners.wait_s() for manners in self._memory.hosts.values()]
        return max(0.005, min(waits, default=TICK_S))

    def _in_hand(self) -> set[str]:
        flying = {one.key for one in self._flying.values()}
        return flying | {one.claimed.key for one in self._ended}

    def _pages_in_hand(self) -> int:
        ended = sum(one.result in (Result.CONTENT, Result.UNCHANGED) for one in self._ended)
        return ended + sum(one.via not in LISTS for one in self._flying.values())

    def _manners(self, url: str) -> Manners:
        host = host_of(url)
        if host not in self._memory.hosts:
            self._memory.hosts[host] = Manners(self._pace, self._clock)
        return self._memory.hosts[host]


def _visited(visitor: Visitor, claimed: Claimed) -> Visited:
    try:
        return visitor.visit(claimed)
    except Exception as error:  # one page's oddity must not end the crawl: it is listed with its reason
        log.exception("visit_crashed", host=host_of(claimed.url))
        reason = f"The page could not be read ({type(error).__name__}). Report it, please."
        return Visited(Outcome(claimed, Result.FAILED, "INTERNAL_ERROR", reason))
