"""The crawl: visits at once where the hosts allow it, outcomes applied in groups, until the frontier is empty or time
is up.

One thread schedules and applies; visits run in a pool and share nothing but the fetcher and the robots rules.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

import structlog

from crawler.fingerprints import Duplicates
from crawler.frontier import Claimed, Found, Frontier, Outcome, Remaining, Result, Via
from crawler.politeness import Pace, Politeness
from crawler.ready import ReadyQueue
from crawler.rules import LISTS
from crawler.traps import Traps
from crawler.urls import host_of
from crawler.visit import Contact, Visited, Visitor

log = structlog.get_logger()
AHEAD = 200  # URLs taken from the frontier at once
GROUP = 32  # outcomes applied in one transaction …
GROUP_S = 0.3  # … or as many as there are after this time
GROUP_BYTES = 8 * 2**20
TICK_S = 0.2  # the longest time without a look at the clock and at `should_stop`


@dataclass(slots=True)
class Memory:
    """What a crawl learns on its way. It can be lost: it is made again from the frontier and from the hosts."""

    duplicates: Duplicates = field(default_factory=Duplicates)
    traps: Traps = field(default_factory=Traps)
    hosts: dict[str, Politeness] = field(default_factory=dict)


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
        self._ready = ReadyQueue((), self._politeness)
        self._flying: dict[Future[Visited], Claimed] = {}
        self._ended: list[Outcome] = []
        self._is_news = False  # applied since the frontier was asked
        self._applied_at = clock()

    def run(self, until_s: float, should_stop: Callable[[], bool] = lambda: False) -> Remaining:
        """Work until the frontier is empty, full, or waits longer than the time that is left; what remains.

        Raises what the frontier raises; then nothing of the last group is stored.
        """
        end = self._clock() + until_s
        with ThreadPoolExecutor(self._pace.places, thread_name_prefix="crawl") as pool:
            remaining = self._frontier.remaining()
            while self._clock() < end and not should_stop():
                pause_s = self._start(pool, remaining)
                if not self._flying and not self._ended and not self._can_wait(remaining, end):
                    break
                pause_s = min(pause_s, max(0.0, end - self._clock()))
                if self._flying:
                    self._collect(pause_s)
                else:
                    time.sleep(pause_s)
                if self._is_group():
                    remaining = self._apply()
            while self._flying:
                self._collect(None)
            return self._apply()

    def _start(self, pool: ThreadPoolExecutor, remaining: Remaining) -> float:
        """Start as many visits as the hosts and the page limit allow, those of one host in the frontier's order.

        Returns the seconds until another host may be asked, at most `TICK_S`.
        """
        if self._is_short() and remaining.queued > len(self._flying) + len(self._ended):
            claimed = self._frontier.next(AHEAD, self._in_hand())
            self._ready, self._is_news = ReadyQueue(claimed, self._politeness), False
        while len(self._flying) < self._pace.places:
            # a list is no page; nor may a visit start that could be one page too many
            is_full = self._pages_in_hand() >= remaining.pages
            one = self._ready.take(lists_only=is_full)
            if one is None:
                return TICK_S if is_full else min(TICK_S, self._ready.wait_s())
            self._politeness(host_of(one.url)).begin()
            self._flying[pool.submit(_visited, self._visitor, one)] = one
        return TICK_S

    def _is_short(self) -> bool:
        """Whether the frontier may know more that can start: hosts of what is at hand may ask for a pause."""
        return self._ready.count(without_paused=self._is_news) < self._pace.places

    def _collect(self, timeout_s: float | None) -> None:
        done, _ = wait(self._flying, timeout_s, return_when=FIRST_COMPLETED)
        for future in done:
            claimed = self._flying.pop(future)
            visited = future.result()
            self._learn(claimed, visited.contact)
            self._ended.append(self._judged(visited.outcome))

    def _learn(self, claimed: Claimed, contact: Contact | None) -> None:
        host = self._politeness(host_of(claimed.url))
        if contact is None:
            host.give_back()
            return
        host.end(contact.elapsed_s, contact.status, contact.retry_after_s)
        if contact.delay_s is not None:
            host.obey(contact.delay_s)

    def _judged(self, outcome: Outcome) -> Outcome:
        """Copies are no content; URLs that lead into a trap are listed, not followed."""
        found = tuple(kept for one in outcome.found if (kept := self._kept(one)) is not None)
        outcome = replace(outcome, found=found)
        if outcome.result in (Result.MISSING, Result.SKIPPED, Result.REDIRECTED):
            self._memory.duplicates.forget(outcome.claimed.url)
        if outcome.result is not Result.CONTENT or outcome.fingerprint is None:
            return outcome
        twin = self._memory.duplicates.find(outcome.fingerprint)
        if twin is not None and twin != outcome.claimed.url:
            return replace(
                outcome, result=Result.SKIPPED, code="DUPLICATE", reason="Its text is that of another page.",
                content=None, target=twin,
            )  # fmt: skip
        self._memory.duplicates.add(outcome.claimed.url, outcome.fingerprint)
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
        waited = self._clock() - self._applied_at >= GROUP_S
        return waited or len(self._ended) >= GROUP or size >= GROUP_BYTES or not self._ready

    def _apply(self) -> Remaining:
        ended, self._ended = self._ended, []
        if ended:
            self._frontier.apply(ended)
            self._is_news = True
            self._move(ended)
        self._applied_at = self._clock()
        return self._frontier.remaining()

    def _move(self, ended: Sequence[Outcome]) -> None:
        """The start led to another host: that is the site from now on."""
        for outcome in ended:
            if outcome.moved_site is not None:
                rules = replace(self._visitor.rules, site=outcome.moved_site)
                self._visitor = replace(self._visitor, rules=rules)

    def _can_wait(self, remaining: Remaining, end: float) -> bool:
        """Whether something becomes due before the time is up."""
        if remaining.queued == 0 or (remaining.pages <= 0 and not self._ready.has_lists()):
            return False
        return self._clock() + (self.pause_s() if self._ready else remaining.due_in_s) < end

    def pause_s(self) -> float:
        """How long the hosts of the URLs at hand ask for a pause."""
        return self._ready.pause_s()

    def _in_hand(self) -> set[str]:
        flying = {one.key for one in self._flying.values()}
        return flying | {one.claimed.key for one in self._ended}

    def _pages_in_hand(self) -> int:
        ended = sum(one.result in (Result.CONTENT, Result.UNCHANGED) for one in self._ended)
        return ended + sum(one.via not in LISTS for one in self._flying.values())

    def _politeness(self, host: str) -> Politeness:
        if host not in self._memory.hosts:
            self._memory.hosts[host] = Politeness(self._pace, self._clock)
        return self._memory.hosts[host]


def _visited(visitor: Visitor, claimed: Claimed) -> Visited:
    try:
        return visitor.visit(claimed)
    except Exception as error:  # one page's oddity must not end the crawl: it is listed with its reason
        log.exception("visit_crashed", host=host_of(claimed.url))
        reason = f"The page could not be read ({type(error).__name__}). Report it, please."
        return Visited(Outcome(claimed, Result.FAILED, "INTERNAL_ERROR", reason))
