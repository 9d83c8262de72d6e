"""The faults. Each is done to a running installation under load; afterwards the invariants are checked."""

import random
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from evals.faults.invariants import Verdict, check
from evals.faults.load import Client
from evals.faults.parts import SERVER_STAGES, WORKER_STAGES
from evals.faults.processes import Child
from evals.faults.shapes import Shape

STAGE_PATIENCE_S = 12.0
CHECK_EVERY = 25


@dataclass
class Result:
    """How a fault ended; `facts` are figures of its own."""

    fault: str
    verdict: Verdict
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        verdict = self.verdict
        return {
            "fault": self.fault, "documents": verdict.documents, "violations": dict(verdict.violations),
            "repaired": dict(verdict.repaired),
            "examples": verdict.examples, **self.facts,
        }  # fmt: skip


def kills(shape: Shape, client: Client, count: int, seed: int, progress: Callable[[int], None]) -> Result:
    """kill -9 at every stage in turn, `count` times; the invariants are checked now and then, and at the end."""
    plan, verdict, checked = KillPlan(shape, seed), Verdict(), 0
    while plan.deaths() < count:
        if shape.faults is None:  # the first time, and after a check
            plan.begin()
            shape.faults = plan.next
            _restart(shape)
        life, ends = plan.deaths(), time.monotonic() + STAGE_PATIENCE_S
        while plan.deaths() == life and time.monotonic() < ends:
            client.round(4)
            shape.up()
        if plan.deaths() == life:
            plan.strike()
            shape.up()
        progress(plan.deaths())
        if plan.deaths() - checked >= CHECK_EVERY or plan.deaths() >= count:
            checked, shape.faults = plan.deaths(), None
            _add(verdict, _settled(shape, client))
    return Result("kill -9 at every stage", verdict, {"kills": plan.deaths(), "stages": plan.stages()})


class KillPlan:
    """Which stage each process dies at, one after the other."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self._chance = random.Random(seed)
        worker = (*WORKER_STAGES, *SERVER_STAGES) if not shape.workers else WORKER_STAGES
        self._children = {child: cycle(worker) for child in shape.workers or [shape.server]}
        self._front = shape.server if shape.workers else None
        if shape.workers:
            self._children[shape.server] = cycle(SERVER_STAGES)
        self._now: dict[Child, str] = {}
        self._died: Counter[str] = Counter()

    def begin(self) -> None:
        """The processes that run now are healthy ones: their end is not counted."""
        self._now.clear()

    def next(self, child: Child) -> tuple[str, ...]:
        """Options of a process that is started; the one before it died at its stage."""
        if child in self._now:
            self._died[self._now[child]] += 1
        self._now[child] = next(self._children[child])
        # a server beside workers dies less often: while it is away nothing new reaches them
        first, last = (8, 24) if child is self._front else (1, 4)
        return "--die", self._now[child], "--nth", str(self._chance.randint(first, last))

    def strike(self) -> None:
        """Nobody reached a stage of theirs: one dies now, wherever it stands."""
        child = self._chance.choice(sorted(self._now, key=lambda one: one.pid))
        self._now[child] = "any time"
        child.kill()

    def deaths(self) -> int:
        return sum(self._died.values())

    def stages(self) -> dict[str, int]:
        return dict(sorted(self._died.items()))


def duplicates(shape: Shape, client: Client) -> Result:
    """Every message is sent twice."""
    _restart(shape, "--twice")
    for _ in range(8):
        client.round()
    return Result("every message twice", _settled(shape, client))


def emptied_broker(shape: Shape, client: Client) -> Result:
    """The broker forgets everything, again and again."""
    import redis

    assert shape.broker_url
    broker = redis.Redis.from_url(shape.broker_url)
    for _ in range(8):
        client.round()
        broker.flushdb()
    return Result("Redis emptied 8 times", _settled(shape, client))


def outage(shape: Shape, client: Client, part: str, seconds: float) -> Result:
    """A part does not answer for some time while the load goes on."""
    line = shape.lines[part]
    with _later(seconds, line.mend):
        client.round()
        line.cut()
        for _ in range(4):
            client.round()
    facts = {"seconds": seconds, "settled_after_s": round(client.settle(), 1)}
    return Result(f"{part} away", _settled(shape, client), facts)


def locked_database(shape: Shape, client: Client, seconds: float) -> Result:
    """Another process holds SQLite's write lock."""
    lock = sqlite3.connect(shape.folder / "data" / "insydr.db", isolation_level=None, check_same_thread=False)
    client.round()
    lock.execute("BEGIN EXCLUSIVE")
    with _later(seconds, lambda: lock.execute("ROLLBACK")):
        for _ in range(4):
            client.round()
    lock.close()
    return Result("database locked", _settled(shape, client), {"seconds": seconds})


def full_disk(shape: Shape, client: Client, seconds: float) -> Result:
    """The data folder's disk is full for some time (it is a small one of its own)."""
    filler = shape.folder / "filler"
    client.round()
    free = shutil.disk_usage(shape.folder).free
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65_536)
                file.flush()
        except OSError:
            pass
    refused = sum(client.once("POST", "/collections", json={"name": f"c{n}"}) is None for n in range(3))
    with _later(seconds, filler.unlink):
        for _ in range(4):
            client.round()
    return Result("disk full", _settled(shape, client), {"filled_mb": free >> 20, "refused_of_3": refused})


def hogged(shape: Shape, client: Client, lease_s: float) -> Result:
    """C code holds Python's global lock for longer than the lease: nothing in that process runs, no heartbeat."""
    _restart(shape, "--hog", str(2.5 * lease_s))
    client.call("POST", "/documents", files={"file": ("hog.txt", b"hog and nothing else to be read here.")},
                data={"collection_id": client.collection})  # fmt: skip
    for _ in range(4):
        client.round()
    took = client.settle()
    return Result("global lock held", _settled(shape, client), {"seconds": 2.5 * lease_s, "settled_after_s": took})


def starved(shape: Shape, client: Client, lease_s: float) -> Result:
    """A worker gets no processor for three leases, then goes on as if nothing had been."""
    victim, seen = shape.faulty, Counter[str]()
    client.round()
    time.sleep(0.3)
    victim.send(signal.SIGSTOP)
    try:
        client.round()
        ends = time.monotonic() + 3 * lease_s
        while time.monotonic() < ends:
            seen[client.call("GET", "/queue")["state"]] += 1
            time.sleep(0.2)
    finally:
        victim.send(signal.SIGCONT)
    return Result("worker starved", _settled(shape, client), {"queue_said": dict(seen)})


def cancelled(shape: Shape, client: Client) -> Result:
    """A long document is cancelled: how long until nothing works on it."""
    counted = 'insydr_ingest_stage_seconds_count{stage="index"}'
    text = "\n\n".join(
        f"Paragraph {n} has words of its own, so that it becomes a piece of the text." for n in range(9_000)
    )
    client.settle()
    before = client.metric(counted)
    made = client.call("POST", "/documents", files={"file": ("long.txt", text.encode())},
                       data={"collection_id": client.collection})  # fmt: skip
    while client.call("GET", f"/documents/{made['id']}")["stage"] != "EMBEDDING":
        time.sleep(0.05)
    client.call("POST", f"/documents/{made['id']}/cancel")
    started = time.monotonic()
    while client.metric(counted) == before and time.monotonic() - started < 60:
        time.sleep(0.05)
    took, verdict = time.monotonic() - started, _settled(shape, client)
    if took > 5:
        verdict.add("cancel took over 5 s", f"{took:.1f} s")
    return Result("cancelled", verdict, {"stopped_after_s": round(took, 2)})


def _settled(shape: Shape, client: Client) -> Verdict:
    """All processes healthy again, nothing on its way: what holds then?"""
    _restart(shape)
    client.settle()
    return check(client)


def _restart(shape: Shape, *options: str) -> None:
    for child in [shape.server, *shape.workers]:
        child.kill()
        shape.start(child, *options)
    shape.up()


def _add(total: Verdict, new: Verdict) -> None:
    total.documents = new.documents
    total.violations += new.violations
    total.repaired += new.repaired
    total.examples += new.examples


@contextmanager
def _later(seconds: float, action: Callable[[], object]) -> Iterator[None]:
    timer = threading.Timer(seconds, action)
    timer.start()
    try:
        yield
    finally:
        timer.join()
