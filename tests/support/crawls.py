"""Crawls on the bench: each slice is a call, and the site decides when a page is there."""

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from core.clock import utc_now
from core.crypto import Keyring
from core.database import Base, Database
from core.database.schema import ensure_schema
from core.outbound.client import GuardedBackend, guarded_client
from core.queue.leases import Lease
from core.queue.outbox import Again, OutboxRow, Relay, perform
from core.vectors.edge import EdgeVectorStore
from crawler.politeness import Pace
from domain.changes import UNSET, Unset
from domain.crawls.jobs import CRAWL
from domain.crawls.runner import CrawlRunner
from domain.crawls.service import CrawlService, SourceChange
from domain.crawls.web import Web
from domain.models import OPEN_RUNS, CrawlPage, CrawlRun, Document, DocumentVersion, PageState
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.upkeep.reconcile import Reconciler
from evals.faults.processes import Child, free_port
from evals.faults.shapes import FAULTY_PROGRAM, QUICK, Shape
from tests.support.bench import BY_NAME, Bench
from tests.support.client import until
from tests.support.site import Answer, Site

PLACES = 4
PATIENCE_S = 20.0
HOLDER = "first"


class CrawlBench(Bench):
    """`first` and `second` are workers, which do nothing until they are told to."""

    def __init__(self, folder: Path, database_url: str | None = None, *, furnished: bool = True) -> None:
        super().__init__(folder, database_url, furnished=furnished)
        self.keys = Keyring("a test's secret key of at least 32 characters")
        hosts = ["127.0.0.1"]
        self.web = Web(
            guarded_client(hosts, timeout_s=PATIENCE_S), GuardedBackend(hosts), agent="InsydrBot/test",
            max_page_bytes=2**20, pace=Pace(PLACES, 1e6),
        )  # fmt: skip
        self.pool = ThreadPoolExecutor(4, thread_name_prefix="worker")
        self.first, self.second = self.crawler(HOLDER), self.crawler("second")

    @classmethod
    def emptied(cls, folder: Path, database_url: str) -> "CrawlBench":
        """On a database that others used before."""
        database = Database(database_url)
        ensure_schema(database)
        with database.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())
        database.close()
        return cls(folder, database_url)

    def close(self) -> None:
        self.pool.shutdown()
        self.web.close()
        self.database.close()

    def crawler(self, holder: str, **options: Any) -> CrawlRunner:
        """Slices are so long that none ends by itself, and the state is looked at often."""
        chosen: dict[str, Any] = {"slice_s": 60.0, "lease_s": 0.4, **options}
        return CrawlRunner(self.database, self.blobs, self.keys, self.web, holder=holder, **chosen)

    # what people ask for

    def begin(self, site: Site, *, every_hours: float | Unset = UNSET, **options: Any) -> CrawlRun:
        change = SourceChange(options, every_hours=every_hours)
        with self.database.write() as session:
            return CrawlService(session, self.who, self.keys).start(site.url(), self.collection, change).run

    def control(self, action: str, run: CrawlRun, *arguments: Any, **options: Any) -> Any:
        """`pause`, `resume`, `cancel`, `run_now`, `delete` … of the run's crawl."""
        with self.database.write() as session:
            return getattr(CrawlService(session, self.who, self.keys), action)(run.source_id, *arguments, **options)

    # what workers do

    def start(self, run: CrawlRun, runner: CrawlRunner | None = None) -> "Future[Again | None]":
        """A slice, in a thread."""
        return self.pool.submit((runner or self.first).work, run.id)

    def deliver(self, runner: CrawlRunner | None = None) -> None:
        """Everything that the outbox holds, due or not, as a worker runs it."""

        def run(job: str, row_id: str, arguments: dict[str, Any]) -> None:
            if not BY_NAME[job].wake:
                self.crawls = runner or self.first
                perform(BY_NAME[job], self.database, self, row_id, arguments)

        with self.database.write() as session:
            session.execute(update(OutboxRow).values(due_at=utc_now() - timedelta(seconds=1)))
        Relay(self.database, run).drain()

    def finish(self, run: CrawlRun, runner: CrawlRunner | None = None) -> CrawlRun:
        """Deliver until the run has ended, then ingest what it brought; the run."""

        def look() -> CrawlRun:
            self.deliver(runner)
            return self.run(run)

        ended: CrawlRun = until(look, lambda now: now.state not in OPEN_RUNS, PATIENCE_S)
        self.work()
        self.upkeep()
        return ended

    def die(self) -> None:
        """The first worker is declared dead, though it may live."""

        def look() -> datetime | None:  # it may have said that it lives, just before the sweeper came
            self.bury()
            return self.lease()

        until(look, lambda expires_at: expires_at is None, PATIENCE_S)

    def upkeep(self) -> None:
        before = set[str]()
        while (left := self.outbox()) != before:
            before = left
            self.deliver()

    def noticed(self) -> None:
        """Until the first worker has looked at its run's state after this call began."""
        for _ in range(2):  # the second look begins when the first is over
            last = self.lease()
            assert last is not None
            until(self.lease, lambda now, last=last: now != last, PATIENCE_S)

    def stands_at(self, gate: "Gate", settled: Sequence[str]) -> None:
        """Wait until all visits that are under way stand at the gate, and those before it are settled."""
        gate.wait()
        until(lambda: set(self.by_path()), lambda now: now == set(settled), PATIENCE_S)

    def lease(self) -> datetime | None:
        """How long the first worker's holds; None where it has none."""
        with self.database.read() as session:
            return session.scalar(select(Lease.expires_at).where(Lease.holder == HOLDER))

    # what there is

    def run(self, run: CrawlRun) -> CrawlRun:
        with self.database.read() as session:
            return session.get_one(CrawlRun, run.id)

    def runs(self) -> list[CrawlRun]:
        with self.database.read() as session:
            return list(session.scalars(select(CrawlRun).order_by(CrawlRun.id)))

    def messages(self) -> int:
        """How many messages of crawls are on their way."""
        with self.database.read() as session:
            return session.scalar(select(func.count()).where(OutboxRow.job == CRAWL.name)) or 0

    def pages(self) -> dict[str, CrawlPage]:
        """By their paths."""
        with self.database.read() as session:
            return {"/" + row.url.split("/", 3)[3]: row for row in session.scalars(select(CrawlPage))}

    def queued(self) -> set[str]:
        return {path for path, page in self.pages().items() if page.state == PageState.QUEUED}

    def by_path(self) -> dict[str, Document]:
        """Documents by the paths of their pages; each page has one."""
        found = self.documents()
        paths = {"/" + (one.source_url or "").split("/", 3)[3]: one for one in found}
        assert len(paths) == len(found)
        return paths

    def check_agreement(self) -> None:
        """Pages, documents, counts and files tell the same, whatever happened."""
        indexed = {page.document_id for page in self.pages().values() if page.state == PageState.INDEXED}
        assert indexed == {one.id for one in self.documents()}
        with self.database.read() as session:
            named = set(session.scalars(select(DocumentVersion.blob_key)))
        assert set(self.blobs.keys()) == named

    def check_whole(self, site: Site, paths: Sequence[str]) -> None:
        """Each of `paths` is one searchable document of what the site says now, and nothing else is anywhere."""
        self.check_agreement()
        found = self.by_path()
        assert set(found) == set(paths)
        assert {one.status for one in found.values()} == {"COMPLETED"}
        for path, one in found.items():
            assert one.content_hash == hashlib.sha256(site.pages[path].body).hexdigest()
        report = self.reconciler.run(self.who.workspace_id, repair=False)
        assert (report.documents, dict(report.found)) == (len(paths), {})


@contextmanager
def left_by(shape: Shape, workspace_id: str) -> Iterator[CrawlBench]:
    """What a server that is stopped has stored, for a bench to look at."""
    folder = shape.folder / "data"
    bench = CrawlBench(folder, f"sqlite:///{folder / 'insydr.db'}", furnished=False)
    vectors: Any = EdgeVectorStore(folder / "vectors", {bench.model.name: bench.model.dimension})
    bench.vectors = vectors
    bench.reconciler = Reconciler(bench.database, vectors, bench.blobs, grace=timedelta(0))
    bench.become(Principal(workspace_id, "", ROLE_PERMISSIONS[Role.OWNER], Role.OWNER), "")
    yield bench
    vectors.close()
    bench.close()


@contextmanager
def server(folder: Path, *options: str) -> Iterator[Shape]:
    """A real one, whose jobs are soon taken over when it was killed."""
    port = free_port()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("INSYDR_")}
    environment = {
        **plain, **QUICK, "INSYDR_LEASE_S": "2", "INSYDR_OUTBOUND_ALLOWED_HOSTS": "127.0.0.1",
        "INSYDR_CRAWL_MAX_RATE": "1000", "INSYDR_CRAWL_PLACES": str(PLACES),
        "INSYDR_DATA_DIR": str(folder / "data"), "INSYDR_PORT": str(port),
    }  # fmt: skip
    child = Child([FAULTY_PROGRAM, "serve"], environment, folder / "server.log")
    shape = Shape("embedded", f"http://127.0.0.1:{port}", child, [], folder)
    shape.start(child, *options)
    shape.up()
    try:
        yield shape
    finally:
        child.stop()


class Gate:
    """The first answer of each of `paths` stands still half sent, until the gate is opened."""

    def __init__(self, site: Site, paths: Sequence[str]) -> None:
        self._here, self._opened = threading.Semaphore(0), threading.Event()
        self._count = len(paths)
        for path in paths:
            whole = site.pages[path]
            site.script(path, [self._held(whole), whole])

    def wait(self) -> None:
        """Until all of them stand still."""
        for _ in range(self._count):
            assert self._here.acquire(timeout=PATIENCE_S)

    def open(self) -> None:
        self._opened.set()

    def _held(self, whole: Answer) -> Answer:
        half = len(whole.body) // 2

        def stream() -> Any:
            yield whole.body[:half]
            self._here.release()
            self._opened.wait(PATIENCE_S)
            yield whole.body[half:]

        return replace(whole, stream=stream)


def star(site: Site, count: int) -> list[str]:
    """A start with so many pages behind it; all their paths, in the order in which they are visited."""
    leaves = [f"/p{number}" for number in range(count)]
    site.html("/", "Start", text("start"), links=leaves)
    for leaf in leaves:
        site.html(leaf, f"Page {leaf}", text(leaf[1:]))
    return ["/", *leaves]


def text(topic: str) -> str:
    """Enough words of its own to be like no other page."""
    return "<p>" + " ".join(f"{topic}word{number}" for number in range(40)) + ".</p>"


def asked(site: Site) -> Counter[str]:
    """How often each page was asked for."""
    return Counter(one.path for one in list(site.requests) if one.path not in ("/robots.txt", "/sitemap.xml"))
