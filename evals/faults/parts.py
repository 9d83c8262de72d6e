"""Parts of an installation that fail where the bench says: each wraps a real one and dies, hangs or repeats there.

A stage is the name of a step and when: `embed.before`, `upsert.middle`, `commit.after` … The process kills itself
with SIGKILL, so nothing is flushed, closed or said.
"""

import ctypes
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from sqlalchemy import event
from sqlalchemy.orm import Session

from core.blobs.protocol import BlobStore
from core.database import Database
from core.embedding.fake import FakeEmbeddingModel, Floats
from core.vectors.protocol import Point, Scope, VectorStore
from ingest.children.protocol import Failed, Parsed, Parser, ParseTask, Wanted, always

WORKER_STAGES = (
    "parse.before", "parse.after", "embed.before", "embed.after", "upsert.before", "upsert.middle", "upsert.after",
    "verify.before", "verify.after", "delete.before", "delete.after", "drop.before", "drop.after", "send.before",
    "send.after", "commit.before", "commit.after",
)  # fmt: skip
SERVER_STAGES = ("store.before", "store.after", "commit.before", "commit.after")


class FaultPoint:
    """Dies the `nth` time that `stage` is reached."""

    def __init__(self, stage: str | None, nth: int) -> None:
        self._stage, self._left = stage, nth
        self._lock = threading.Lock()

    def reach(self, stage: str) -> None:
        if stage != self._stage:
            return
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def around(self, step: str) -> Iterator[None]:
        self.reach(f"{step}.before")
        yield
        self.reach(f"{step}.after")

    def watch(self, database: Database) -> None:
        """Commits, whoever makes them."""
        event.listen(database.engine, "commit", lambda _: self.reach("commit.before"))
        event.listen(Session, "after_commit", lambda _: self.reach("commit.after"))


class FaultyVectors:
    """Implements `VectorStore` over another one."""

    def __init__(self, inner: VectorStore, fault: FaultPoint) -> None:
        self._inner, self._fault = inner, fault

    def upsert(self, points: Sequence[Point]) -> None:
        half = len(points) // 2
        with self._fault.around("upsert"):
            self._inner.upsert(points[:half])
            self._fault.reach("upsert.middle")
            self._inner.upsert(points[half:])

    def count(self, scope: Scope) -> int:
        with self._fault.around("verify"):
            return self._inner.count(scope)

    def delete(self, scope: Scope) -> None:
        with self._fault.around("delete"):
            self._inner.delete(scope)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class FaultyBlobs:
    """Implements `BlobStore` over another one."""

    def __init__(self, inner: BlobStore, fault: FaultPoint) -> None:
        self._inner, self._fault = inner, fault

    def put(self, key: str, source: BinaryIO) -> int:
        with self._fault.around("store"):
            return self._inner.put(key, source)

    def delete(self, key: str) -> None:
        with self._fault.around("drop"):
            self._inner.delete(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class FaultyParser:
    """Implements `Parser` over another one."""

    def __init__(self, inner: Parser, fault: FaultPoint) -> None:
        self._inner, self._fault = inner, fault

    def run(self, tasks: Sequence[ParseTask], wanted: Wanted = always) -> list[Parsed | Failed]:
        with self._fault.around("parse"):
            return self._inner.run(tasks, wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class FaultyModel(FakeEmbeddingModel):
    """A fake model (meaning does not matter here) that takes `pace_s` a text, and may hold Python's global lock for
    `hog_s` in one call, as C code does that never lets go."""

    def __init__(self, fault: FaultPoint, pace_s: float, hog_s: float) -> None:
        super().__init__()
        self._fault, self._pace_s, self._hog_s = fault, pace_s, hog_s

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        with self._fault.around("embed"):
            if self._hog_s and any("hog" in text for text in texts):
                ctypes.PyDLL(None).usleep(int(self._hog_s * 1e6))
                self._hog_s = 0.0
            threading.Event().wait(self._pace_s * len(texts))
            return super().embed_passages(texts)
