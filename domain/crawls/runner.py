"""Runs, slice by slice: a worker takes a run under a lease, works on it for some seconds, and gives it
back, so that other runs get their share.

A slice that dies leaves a lease that lapses; what it had stored is kept, and the next slice goes on from there.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from sqlalchemy.orm import Session

from core.blobs.protocol import BlobStore
from core.clock import utc_now
from core.crypto import Keyring
from core.database import Database
from core.errors import InsydrError
from core.queue import leases
from core.queue.heartbeat import Heartbeat
from core.queue.outbox import Again, enqueue
from crawler.crawl import Crawl, Memory
from crawler.fingerprints import Fingerprint
from crawler.frontier import Found, Lost, Remaining, Via
from crawler.robots_cache import RobotsCache
from crawler.visit import Visitor
from domain.crawls import frontier_repository
from domain.crawls.completion import complete
from domain.crawls.credentials import unseal
from domain.crawls.frontier import SqlFrontier
from domain.crawls.jobs import CRAWL
from domain.crawls.options import CrawlOptions, limited_pages, rules_of
from domain.crawls.repository import CrawlRepository, due_sources, orphaned_runs
from domain.crawls.service import begin, end, next_run
from domain.crawls.web import PRODUCT, Web
from domain.documents.repository import DocumentRepository
from domain.models import CrawlRun, CrawlSource, RunState
from domain.principal import Permission, Principal
from domain.workspaces.repository import WorkspaceRepository

log = structlog.get_logger()
SLICE_S = 15.0
LEASE_S = 30.0
BUSY_S = 2.0  # until the next try while other crawls, or another worker, have the places
FULL_S = 10.0  # while too many documents wait
LONGEST_S = 600.0  # between two slices, however long a host asks for patience
REMEMBERED = 8
RECALLED_URLS = 50_000
SCHEDULED_AT_ONCE = 20
NOT_OPEN = Remaining(queued=1, pages=1, due_in_s=0.0)  # there is more to do, and at once


@dataclass(slots=True)
class RunMemory:
    """What one process remembers of a run between its slices; `slices` tells whether another one had it meanwhile."""

    slices: int
    crawl: Memory
    robots: RobotsCache
    seen: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class LeasedRun:
    """A run that this worker holds for one slice."""

    run: CrawlRun
    source: CrawlSource
    lease_id: str
    began_at: float
    max_pages: int


class CrawlRunner:
    """`crawls` is how many run at once in this process."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        keys: Keyring,
        web: Web,
        *,
        holder: str,
        crawls: int = 2,
        max_queued: int = 200_000,
        slice_s: float = SLICE_S,
        lease_s: float = LEASE_S,
    ) -> None:
        self._database, self._blobs, self._keys, self.web = database, blobs, keys, web
        self._holder, self._max_queued, self._slice_s, self._lease_s = holder, max_queued, slice_s, lease_s
        self._places = threading.Semaphore(crawls)
        self._stopping = threading.Event()
        self._memories: OrderedDict[str, RunMemory] = OrderedDict()

    def close(self) -> None:
        """Let slices end soon; the runs go on in other processes, or after the next start."""
        self._stopping.set()

    def work(self, run_id: str) -> Again | None:
        """One slice of a run; None when there is nothing left of it for this job."""
        if self._stopping.is_set() or not self._places.acquire(blocking=False):
            return Again(BUSY_S)
        try:
            leased = self._lease(run_id)
            return self._slice(leased) if isinstance(leased, LeasedRun) else leased
        finally:
            self._places.release()

    def schedule(self) -> int:
        """Begin what is due, and wake runs whose worker died; how many."""
        with self._database.write() as session:
            lost = orphaned_runs(session)
            for run in lost:
                run.lease_id = None
                enqueue(session, CRAWL, workspace_id=run.workspace_id, run_id=run.id)
        with self._database.write() as session:
            due = due_sources(session, utc_now(), SCHEDULED_AT_ONCE)
            for source, workspace in due:
                if CrawlRepository(session, _owner(source)).open_run(source.id) is None:
                    begin(session, source, workspace)
                else:  # it runs still: that is this time's run
                    source.next_run_at = next_run(source, workspace, utc_now())
        return len(lost) + len(due)

    def _lease(self, run_id: str) -> LeasedRun | Again | None:
        with self._database.write() as session:
            found = frontier_repository.run_with_source(session, run_id)
            if found is None or found[0].state not in (RunState.QUEUED, RunState.RUNNING):
                return None
            run, source = found
            if run.lease_id is not None and leases.is_held(session, run.lease_id):
                return Again(BUSY_S)
            if not frontier_repository.is_living(session, source):
                end(session, run, RunState.CANCELLED)
                return None
            if DocumentRepository(session, _owner(source)).waiting(self._max_queued) >= self._max_queued:
                return Again(FULL_S)
            run.state, run.lease_id = RunState.RUNNING, leases.acquire(session, self._holder, self._lease_s)
            run.slices += 1
            plan = WorkspaceRepository(session).plan(source.workspace_id)
            return LeasedRun(run, source, run.lease_id, time.monotonic(), limited_pages(source.options, plan))

    def _slice(self, leased: LeasedRun) -> Again | None:
        try:
            with self._watched(leased) as should_stop:
                if leased.run.started_at is None and not self._open(leased, should_stop):
                    return self._end_slice(leased, NOT_OPEN, 0.0)
                crawl = self._crawl(leased)
                remaining = crawl.run(self._slice_s, should_stop)
            return self._end_slice(leased, remaining, crawl.pause_s())
        except Lost:
            self._release(leased)
            return None
        except BaseException:
            self._release(leased, is_retried=True)
            raise

    def _open(self, leased: LeasedRun, should_stop: Callable[[], bool]) -> bool:
        """Before the first visit: what is known is queued again, some a transaction. False: there is more."""
        after: str | None = ""
        while after is not None:
            if should_stop():
                return False
            with self._database.write() as session:
                held = frontier_repository.held_run(session, leased.run.id, leased.lease_id)
                if held is None:
                    raise Lost
                run, source = held
                if run.page_id is None:
                    after = frontier_repository.begin_again(session, source.id, run.created_at, after)
                else:
                    frontier_repository.begin_page(session, run.page_id)
                    after = None
                if after is None:
                    _start(session, run, source)
        return True

    def _crawl(self, leased: LeasedRun) -> Crawl:
        run, source = leased.run, leased.source
        options = CrawlOptions.model_validate(source.options)
        fetcher = self.web.fetcher(source.site, unseal(self._keys, source.id, source.sealed))
        memory = self._remembered(leased, RobotsCache(fetcher, PRODUCT, time.monotonic))
        visitor = Visitor(
            fetcher, memory.robots, rules_of(source.site, options), PRODUCT,
            render=self.web.render(fetcher) if options.render else None,
            sitemaps=options.sitemaps and run.page_id is None, max_entries=20 * options.max_pages + 1_000,
        )  # fmt: skip
        frontier = SqlFrontier(
            self._database, self._blobs, _owner(source), run.id, source.id, leased.lease_id, leased.max_pages,
            worked_s=run.worked_s, began_at=leased.began_at, seen=memory.seen,
        )  # fmt: skip
        return Crawl(frontier, visitor, memory.crawl, self.web.paced(options.max_rate))

    def _remembered(self, leased: LeasedRun, robots: RobotsCache) -> RunMemory:
        """What this process memory in the slice before; else from the page list."""
        run = leased.run
        memory = self._memories.pop(run.id, None)
        if memory is None or memory.slices != run.slices - 1:
            memory = RunMemory(run.slices, self._recalled(leased), robots)
        memory.slices = run.slices
        self._memories[run.id] = memory
        while len(self._memories) > REMEMBERED:
            self._memories.popitem(last=False)
        return memory

    def _recalled(self, leased: LeasedRun) -> Memory:
        memory = Memory()
        with self._database.read() as session:
            for row in frontier_repository.fingerprints(session, leased.source.id):
                print_ = Fingerprint(
                    row.text_hash or "", int(row.near_hash or "0", 16), row.figures or "", row.words or 0
                )
                memory.duplicates.add(row.url, print_)
            for url in frontier_repository.urls(session, leased.source.id, RECALLED_URLS):
                memory.traps.learn(url)
        return memory

    def _end_slice(self, leased: LeasedRun, remaining: Remaining, pause_s: float) -> Again | None:
        with self._database.write() as session:
            held = frontier_repository.held_run(session, leased.run.id, leased.lease_id)
            leases.release(session, leased.lease_id)
            if held is None:
                return None
            run, source = held
            run.worked_s = leased.run.worked_s + time.monotonic() - leased.began_at
            run.lease_id = None
            if run.state == RunState.PAUSED:
                return None
            if remaining.queued == 0 or remaining.pages <= 0:
                if not complete(session, run, source):
                    return Again(0.0)
                self._memories.pop(run.id, None)
                return None
        return Again(min(max(remaining.due_in_s, pause_s), LONGEST_S))

    def _release(self, leased: LeasedRun, *, is_retried: bool = False) -> None:
        """The slice failed, or lost its run. What it memory is made again: it counts visits that nobody waits for, and
        pages that were not stored. A run whose job is tried again by itself is no orphan."""
        self._memories.pop(leased.run.id, None)
        try:
            with self._database.write() as session:
                leases.release(session, leased.lease_id)
                if is_retried:
                    frontier_repository.unlease(session, leased.run.id, leased.lease_id)
        except InsydrError as error:  # the database is what is down: the lease lapses by itself
            log.warning("crawl_left_to_sweeper", reason=error.message)

    @contextmanager
    def _watched(self, leased: LeasedRun) -> Iterator[Callable[[], bool]]:
        """Keeps the lease alive while the block runs, and learns of pause, cancel and loss. A slice that has learnt of
        one ends, also where it is resumed meanwhile: how far it had stopped by then would be chance."""
        state: str | None = RunState.RUNNING

        def look(session: Session) -> None:
            nonlocal state
            if state == RunState.RUNNING:
                state = frontier_repository.state_of(session, leased.run.id, leased.lease_id)

        heartbeat = Heartbeat(self._database, leased.lease_id, self._lease_s, look)
        with heartbeat.beating():
            yield lambda: heartbeat.is_lost or self._stopping.is_set() or state != RunState.RUNNING


def _start(session: Session, run: CrawlRun, source: CrawlSource) -> None:
    """All that is known is queued; for the first time that is the start."""
    run.started_at = utc_now()
    if run.page_id is not None:
        return
    start = frontier_repository.keyed([Found(source.url, Via.START, 0)])
    known = frontier_repository.known(session, source.id, list(start))
    frontier_repository.add(session, source, run.id, [(key, one) for key, one in start.items() if key not in known])


def _owner(source: CrawlSource) -> Principal:
    """A crawl acts for its workspace."""
    allowed = frozenset({Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE})
    return Principal(source.workspace_id, source.created_by, allowed)
