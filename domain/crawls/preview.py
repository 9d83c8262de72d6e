"""A dry run: the start and what follows from it is read for links, nothing is stored, nothing is indexed."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crawler.crawl import Crawl, Memory
from crawler.fetch import Credentials
from crawler.frontier import Found, Outcome, Result, Via
from crawler.memory import MemoryFrontier
from crawler.robots_cache import RobotsCache
from crawler.rules import LISTS
from crawler.visit import Visitor
from domain.crawls.credentials import checked_credentials
from domain.crawls.options import CrawlOptions, rules_of
from domain.crawls.web import PRODUCT, Web

WALL_S = 12.0  # somebody waits for the answer: what the site has not said by then is a time-out
READ_PAGES = 25
LISTED = 2_000
FETCH, SKIP, FAIL = "FETCH", "SKIP", "FAIL"
_KINDS = {
    Result.CONTENT: FETCH, Result.UNCHANGED: FETCH, Result.REDIRECTED: SKIP, Result.SKIPPED: SKIP,
    Result.MISSING: FAIL, Result.FAILED: FAIL,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PreviewedPage:
    """A URL, what a crawl would do with it, and why."""

    url: str
    action: str  # FETCH, SKIP or FAIL
    depth: int
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """`is_complete` says that all of the site was seen; else there is more behind what is listed."""

    pages: list[PreviewedPage]
    read: int
    is_complete: bool


class _TriedOnce(MemoryFrontier):
    """What fails is not tried again: somebody waits. The same page under another address still is."""

    def apply(self, outcomes: Sequence[Outcome]) -> None:
        super().apply([_ended(one) for one in outcomes])


def _ended(outcome: Outcome) -> Outcome:
    is_later = outcome.result is Result.LATER and outcome.url is None
    return replace(outcome, result=Result.FAILED) if is_later else outcome


def preview(web: Web, start: str, options: dict[str, Any], credentials: dict[str, Any] | None) -> Preview:
    """What a crawl would fetch, as far as some seconds and pages show. `start` is in normal form."""
    chosen = CrawlOptions.model_validate(options)
    sent = None
    if credentials is not None:
        given = checked_credentials(credentials)
        sent = Credentials(given.headers, given.username, given.password, given.cookies)
    ends_at = time.monotonic() + WALL_S
    fetcher = web.fetcher(start, sent, ends_at=ends_at)
    robots = RobotsCache(fetcher, PRODUCT, time.monotonic)
    visitor = Visitor(fetcher, robots, rules_of(start, chosen), PRODUCT, sitemaps=chosen.sitemaps, max_entries=LISTED)
    pages = min(READ_PAGES, chosen.max_pages)
    frontier = _TriedOnce([Found(start, Via.START, 0)], max_pages=pages, known=LISTED)
    left = Crawl(frontier, visitor, Memory(), web.paced(chosen.max_rate)).run(ends_at - time.monotonic())
    visited = list(_visited(frontier))
    room = chosen.max_pages - sum(page.action == FETCH for page in visited)
    listed = [*visited, *_waiting(frontier, room), *_refused(frontier)]
    return Preview(listed, len(frontier.outcomes), left.queued == 0)


def _visited(frontier: MemoryFrontier) -> Iterator[PreviewedPage]:
    for outcome in frontier.outcomes.values():
        if outcome.result in _KINDS and outcome.claimed.via not in LISTS:
            yield _previewed(outcome)


def _previewed(outcome: Outcome) -> PreviewedPage:
    claimed = outcome.claimed
    if outcome.result is Result.REDIRECTED:
        return PreviewedPage(claimed.url, SKIP, claimed.depth, "REDIRECTED", f"It redirects to {outcome.target}.")
    return PreviewedPage(claimed.url, _KINDS[outcome.result], claimed.depth, outcome.code, outcome.reason)


def _waiting(frontier: MemoryFrontier, room: int) -> Iterator[PreviewedPage]:
    """Breadth first, as a crawl would go on."""
    waiting = sorted((found for found in frontier.queue.values() if found.via not in LISTS), key=lambda one: one.depth)
    for number, found in enumerate(waiting):
        if number < room:
            yield PreviewedPage(found.url, FETCH, found.depth)
        else:
            yield PreviewedPage(found.url, SKIP, found.depth, "MAX_PAGES", "It lies beyond max_pages.")


def _refused(frontier: MemoryFrontier) -> Iterator[PreviewedPage]:
    for found in frontier.refused.values():
        code, reason = found.refusal or (None, None)
        yield PreviewedPage(found.url, SKIP, found.depth, code, reason)
