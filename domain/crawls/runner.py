"""Runs, slice by slice: a worker takes a run under a lease, works on it for some seconds, and lets others have a turn.

A slice that dies leaves a lease that lapses; what it had settled is kept, and the next slice goes on from there.
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
from core.queue.outbox import Again, enqueue
from crawler.crawl import Crawl, Memory
from crawler.fingerprints import Fingerprint
from crawler.frontier import Found, Left, Lost, Via
from crawler.robots_cache import RobotsCache
from crawler.visit import Visitor
from domain.crawls import frontier_repository as pages
from domain.crawls.credentials import unseal
from domain.crawls.ending import finish
from domain.crawls.frontier import SqlFrontier
from domain.crawls.jobs import CRAWL
from domain.crawls.options import CrawlOptions, rules_of
from domain.crawls.repository import CrawlRepository, due_sources, orphaned_runs
from domain.crawls.service import begin, end, next_run
from domain.crawls.web import PRODUCT, Web
from domain.documents.repository import DocumentRepository
from domain.models import CrawlRun, CrawlSource, RunState
from domain.principal import Permission, Principal

log = structlog.get_logger()
SLICE_S = 15.0
LEASE_S = 30.0
LOOK_EVERY_S = 1.0
BUSY_S = 2.0  # until the next try while other crawls, or another worker, have the places
FULL_S = 10.0  # while too many documents wait
LONGEST_S = 600.0  # between two slices, however long a host asks for patience
REMEMBERED = 8
LEARNT_URLS = 50_000
SCHEDULED_AT_ONCE = 20


@dataclass(slots=True)
class Learnt:
    """What one process remembers of a run between its slices; `slices` tells whether another one had it meanwhile."""

    slices: int
    memory: Memory
    robots: RobotsCache
    seen: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Taken:
    run: CrawlRun
    source: CrawlSource
    lease_id: str
    began_at: float


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
        self._learnt: OrderedDict[str, Learnt] = OrderedDict()

    def close(self) -> None:
        """Let slices end soon; the runs go on in other processes, or after the next start."""
        self._stopping.set()

    def work(self, run_id: str) -> Again | None:
        """One slice of a run; None when there is nothing left of it for this job."""
        if self._stopping.is_set() or not self._places.acquire(blocking=False):
            return Again(BUSY_S)
        try:
            taken = self._take(run_id)
            return self._slice(taken) if isinstance(taken, Taken) else taken
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

    def _take(self, run_id: str) -> Taken | Again | None:
        with self._database.write() as session:
            found = pages.run_with_source(session, run_id)
            if found is None or found[0].state not in (RunState.QUEUED, RunState.RUNNING):
                return None
            run, source = found
            if run.lease_id is not None and leases.is_held(session, run.lease_id):
                return Again(BUSY_S)
            if not pages.is_living(session, source):
                end(session, run, RunState.CANCELLED)
                return None
            if DocumentRepository(session, _owner(source)).waiting(self._max_queued) >= self._max_queued:
                return Again(FULL_S)
            if run.slices == 0:
                _open(session, run, source)
            run.state, run.lease_id = RunState.RUNNING, leases.acquire(session, self._holder, self._lease_s)
            run.slices += 1
            return Taken(run, source, run.lease_id, time.monotonic())

    def _slice(self, taken: Taken) -> Again | None:
        try:
            crawl = self._crawl(taken)
            with self._watched(taken) as should_stop:
                left = crawl.run(self._slice_s, should_stop)
            return self._let_go(taken, left, crawl.waits_s())
        except Lost:
            self._release(taken)
            return None
        except BaseException:
            self._release(taken, is_retried=True)
            raise

    def _crawl(self, taken: Taken) -> Crawl:
        run, source = taken.run, taken.source
        options = CrawlOptions.model_validate(source.options)
        fetcher = self.web.fetcher(source.site, unseal(self._keys, source.id, source.sealed))
        learnt = self._remembered(taken, RobotsCache(fetcher, PRODUCT, time.monotonic))
        visitor = Visitor(
            fetcher, learnt.robots, rules_of(source.site, options), PRODUCT,
            render=self.web.render(fetcher) if options.render else None,
            sitemaps=options.sitemaps and run.page_id is None, max_entries=20 * options.max_pages + 1_000,
        )  # fmt: skip
        frontier = SqlFrontier(
            self._database, self._blobs, _owner(source), run.id, source.id, taken.lease_id, options.max_pages,
            worked_s=run.worked_s, began_at=taken.began_at, seen=learnt.seen,
        )  # fmt: skip
        return Crawl(frontier, visitor, learnt.memory, self.web.paced(options.max_rate))

    def _remembered(self, taken: Taken, robots: RobotsCache) -> Learnt:
        """What this process learnt in the slice before; else from the page list."""
        run = taken.run
        learnt = self._learnt.pop(run.id, None)
        if learnt is None or learnt.slices != run.slices - 1:
            learnt = Learnt(run.slices, self._relearnt(taken), robots)
        learnt.slices = run.slices
        self._learnt[run.id] = learnt
        while len(self._learnt) > REMEMBERED:
            self._learnt.popitem(last=False)
        return learnt

    def _relearnt(self, taken: Taken) -> Memory:
        memory = Memory()
        with self._database.read() as session:
            for row in pages.fingerprints(session, taken.source.id):
                print_ = Fingerprint(
                    row.text_hash or "", int(row.near_hash or "0", 16), row.figures or "", row.words or 0
                )
                memory.doubles.add(row.url, print_)
            for url in pages.urls(session, taken.source.id, LEARNT_URLS):
                memory.traps.learn(url)
        return memory

    def _let_go(self, taken: Taken, left: Left, waits_s: float) -> Again | None:
        with self._database.write() as session:
            held = pages.held_run(session, taken.run.id, taken.lease_id)
            leases.release(session, taken.lease_id)
            if held is None:
                return None
            run, source = held
            run.worked_s = taken.run.worked_s + time.monotonic() - taken.began_at
            run.lease_id = None
            if run.state == RunState.PAUSED:
                return None
            if left.queued == 0 or left.pages <= 0:
                finish(session, _owner(source), run, source)
                self._learnt.pop(run.id, None)
                return None
        return Again(min(max(left.due_in_s, waits_s), LONGEST_S))

    def _release(self, taken: Taken, *, is_retried: bool = False) -> None:
        """The slice failed, or lost its run. What it learnt is made again: it counts visits that nobody waits for, and
        pages that were not stored. A run whose job is tried again by itself is no orphan."""
        self._learnt.pop(taken.run.id, None)
        try:
            with self._database.write() as session:
                leases.release(session, taken.lease_id)
                if is_retried:
                    pages.let_go(session, taken.run.id, taken.lease_id)
        except InsydrError as error:  # the database is what is down: the lease lapses by itself
            log.warning("crawl_left_to_sweeper", reason=error.message)

    @contextmanager
    def _watched(self, taken: Taken) -> Iterator[Callable[[], bool]]:
        """Keeps the lease alive while the block runs, and learns of pause, cancel and loss."""
        over = threading.Event()
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(min(LOOK_EVERY_S, self._lease_s / 4)):
                try:
                    with self._database.write() as session:
                        alive = leases.renew(session, taken.lease_id, self._lease_s)
                        state = pages.state_of(session, taken.run.id)
                except InsydrError as error:
                    log.warning("heartbeat_missed", reason=error.message)
                    continue
                if not alive or state != RunState.RUNNING or self._stopping.is_set():
                    over.set()

        thread = threading.Thread(target=watch, name="crawl-watch", daemon=True)
        thread.start()
        try:
            yield over.is_set
        finally:
            ended.set()
            thread.join()


def _open(session: Session, run: CrawlRun, source: CrawlSource) -> None:
    """The first slice: what is known is queued again, or the start for the first time."""
    run.started_at = utc_now()
    if run.page_id is not None:
        pages.begin_page(session, run.page_id)
        return
    pages.begin_again(session, source.id)
    start = pages.keyed([Found(source.url, Via.START, 0)])
    known = pages.known(session, source.id, list(start))
    pages.add(session, source, run.id, [(key, one) for key, one in start.items() if key not in known])


def _owner(source: CrawlSource) -> Principal:
    """A crawl acts for its workspace."""
    allowed = frozenset({Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE})
    return Principal(source.workspace_id, source.created_by, allowed)
