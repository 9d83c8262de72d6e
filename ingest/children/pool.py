"""Child processes that read documents: warm, limited, replaced when they die, given back when idle.

A parser that crashes, hangs or eats memory takes its child along and fails its document; the others of the same call
go on in a new child. The parent keeps the wall clock, the kernel the CPU and the memory.
"""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from queue import LifoQueue
from typing import Any

from ingest.children import child
from ingest.children.protocol import UNWANTED, Failed, Parsed, ParseTask, Placed, PlaceTask, Wanted, always

IDLE_S = 20.0
PLACE_S = 10.0  # for a quote's places, and as long for its turn
LOOK_EVERY_S = 0.5  # whether a running task is still wanted
_TIMEOUT = "Reading the file took longer than {:g} s: split it into smaller ones."
_MEMORY = "Reading the file needed more memory than there is: split it into smaller ones."
_STOPPED = "The service was stopped while it read the file: it is read again after the start."
_BUSY = "Other places are looked up at this moment: try again in some seconds."
_CRASHED = "The file made its parser crash. Save it again in another way, e.g. print it to a new PDF."


class ParsePool:
    """At most `size` children, and one for places. Thread safe: each call of `run` borrows one."""

    def __init__(self, size: int, *, wall_s: float, cpu_s: float, memory_bytes: int, max_tasks: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["ingest.children.preload"])
        self._slots: LifoQueue[_Slot] = LifoQueue()
        self._all = [_Slot(context, wall_s, cpu_s, memory_bytes, max_tasks) for _ in range(size)]
        for slot in self._all:
            self._slots.put(slot)
        place_s = min(PLACE_S, wall_s)
        self._places = _Slot(context, place_s, place_s, memory_bytes, max_tasks)
        self._all.append(self._places)
        self._reaping = threading.Lock()

    def run(self, tasks: Sequence[ParseTask], wanted: Wanted = always) -> list[Parsed | Failed]:
        """Waits for a free child, then for all results."""
        slot = self._slots.get()
        try:
            return [slot.run(task, partial(wanted, number)) for number, task in enumerate(tasks)]
        finally:
            self._slots.put(slot)

    def place(self, task: PlaceTask) -> Placed | Failed:
        """In a child of its own: documents that are read take minutes."""
        result = self._places.place(task, PLACE_S)
        self._reap_later()
        return result

    def _reap_later(self) -> None:
        """Where no worker runs, nobody else reaps it."""
        if self._reaping.acquire(blocking=False):
            timer = threading.Timer(IDLE_S + 1, self._reap_places)
            timer.daemon = True
            timer.start()

    def _reap_places(self) -> None:
        self._reaping.release()
        if not self._places.end_if_idle(IDLE_S):
            self._reap_later()

    def warm(self) -> None:
        """Start the fork server, so that the first document does not wait for its imports."""
        forkserver.ensure_running()

    def reap(self) -> None:
        """End children that had nothing to do for `IDLE_S` seconds."""
        for slot in self._all:
            slot.end_if_idle(IDLE_S)

    def close(self) -> None:
        for slot in self._all:
            slot.end()


class _Slot:
    """One child at a time, started when needed."""

    def __init__(
        self, context: ForkServerContext, wall_s: float, cpu_s: float, memory_bytes: int, max_tasks: int
    ) -> None:
        self._context, self._wall_s, self._cpu_s = context, wall_s, cpu_s
        self._memory_bytes, self._max_tasks = memory_bytes, max_tasks
        self._lock = threading.Lock()
        self._process: ForkServerProcess | None = None
        self._pipe: Connection | None = None
        self._tasks, self._last = 0, time.monotonic()
        self._closed = False

    def run(self, task: ParseTask, wanted: Callable[[], bool]) -> Parsed | Failed:
        with self._lock:
            result: Parsed | Failed = self._ask(task, wanted)
            self._tasks, self._last = self._tasks + 1, time.monotonic()
            if self._tasks >= self._max_tasks:
                self._end()
            return result

    def place(self, task: PlaceTask, patience_s: float) -> Placed | Failed:
        if not self._lock.acquire(timeout=patience_s):
            return Failed("PARSER_BUSY", _BUSY, retryable=True)
        try:
            result: Placed | Failed = self._ask(task, lambda: True)
            self._tasks, self._last = self._tasks + 1, time.monotonic()
            return result
        finally:
            self._lock.release()

    def end_if_idle(self, idle_s: float) -> bool:
        """Whether it has no child any more."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._process is not None and time.monotonic() - self._last > idle_s:
                self._end()
            return self._process is None
        finally:
            self._lock.release()

    def end(self) -> None:
        """For good, also while it works: its task fails as one to be tried again, whoever waits gets an answer."""
        self._closed = True
        process = self._process
        if process is not None and process.is_alive():
            process.kill()
        with self._lock:
            self._end()

    def _ask(self, task: ParseTask | PlaceTask, wanted: Callable[[], bool]) -> Any:
        """What the child answers: by the task, `Parsed` or `Placed`; or `Failed`."""
        if self._closed:
            return Failed("PARSER_STOPPED", _STOPPED, retryable=True)
        if not wanted():
            return UNWANTED
        pipe = self._started()
        try:
            pipe.send(task)
            failure = self._waited(pipe, wanted)
            if failure is not None:
                self._end()
                return failure
            return pipe.recv()
        except (EOFError, OSError):
            return self._crashed()

    def _waited(self, pipe: Connection, wanted: Callable[[], bool]) -> Failed | None:
        """None once the child has answered (or died), else why nobody waits for it any longer."""
        end = time.monotonic() + self._wall_s
        while not pipe.poll(min(LOOK_EVERY_S, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end:
                return Failed("PARSER_TIMEOUT", _TIMEOUT.format(self._wall_s))
            if not wanted():
                return UNWANTED
        return None

    def _crashed(self) -> Failed:
        process = self._process
        if process is not None:
            process.join(5)
        code = process.exitcode if process is not None else None
        self._end()
        if self._closed:  # the kill was ours: the document is not to blame
            return Failed("PARSER_STOPPED", _STOPPED, retryable=True)
        if code == -signal.SIGXCPU:
            return Failed("PARSER_TIMEOUT", _TIMEOUT.format(self._cpu_s))
        if code == -signal.SIGKILL:  # the kernel's, when the machine's memory runs out
            return Failed("PARSER_MEMORY", _MEMORY, retryable=True)
        return Failed("PARSER_CRASHED", _CRASHED)

    def _started(self) -> Connection:
        if self._process is None or self._pipe is None or not self._process.is_alive():
            self._end()
            ours, theirs = self._context.Pipe()
            arguments = (theirs, self._cpu_s, self._memory_bytes)
            self._process = self._context.Process(target=child.main, args=arguments, daemon=True, name="parser")
            self._process.start()
            theirs.close()
            self._pipe, self._tasks = ours, 0
        return self._pipe

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
        self._process = self._pipe = None
