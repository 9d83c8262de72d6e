"""The embedded engine: Qdrant's own, in this process, one folder, one process at a time.

Every call of `qdrant_edge` 0.9 holds Python's global lock until it returns (measured: `optimize()` of 50,000 points
stopped all threads for 39 s, an upsert of 2,000 for 0.34 s). So writes go in small slices, and `optimize` works in
a child process on a copy, to which the writes made meanwhile are replayed before the two are exchanged.
Points not yet optimized are scanned exactly: 20,000 of 384 dimensions take 4 ms.

Its files are mapped and sparse, so on a full disk a write to them kills the process (SIGBUS) where another would fail.
Hence nothing is written, nor the index opened, which replays its log, without room for more than a write can take:
measured, 100 points take 1.5 MB, a piece of the log is 32 MiB.
"""

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.disk import require_room
from core.errors import Unavailable
from core.vectors.edge_engine import (
    add_vectors,
    create_shard,
    edge_filter,
    edge_point,
    edge_query,
    engine_errors,
    load_shard,
)
from core.vectors.edge_shadow import (
    OptimizeChild,
    Pointer,
    copy_shard,
    folder_bytes,
    read_pointer,
    successor,
    write_pointer,
)
from core.vectors.protocol import DenseQuery, Hit, Point, Scope, SparseQuery
from core.vectors.schema import MAX_WORKSPACES, OWNER_FIELDS, as_hit, count_owners, is_nothing

_SLICE = 100  # points a write: about 15 ms during which no other thread runs
_PAGE = 1000
_FLUSH_EVERY = 5000  # points after which the log is folded into the segments, so that it stays short
UNINDEXED_MAX = 20_000  # points that may be scanned (4 ms) before an index pays for itself
_URGENT = 5  # times that many: indexed although writes go on
_REMOVED_SHARE = 0.3  # of the points, before their space is reclaimed
WRITE_ROOM_BYTES = 96 * 2**20  # two pieces of the log, and what others write meanwhile
_REMOVE_ROOM_BYTES = 32 * 2**20  # a removal takes little, and gives room back in the end


class EdgeVectorStore:
    """Implements `core.vectors.protocol.VectorStore`; `dense` maps the names of the vectors to their dimensions.

    Thread safe. A write has reached the write-ahead log when it returns, so it outlives the process (kill -9);
    after a power cut the reconciler restores what the disk had not kept.
    """

    def __init__(
        self, folder: Path, dense: dict[str, int], *, unindexed_max: int = UNINDEXED_MAX, quiet_s: float = 0.0
    ) -> None:
        self._folder = folder
        self._quiet_s, self._written_at = quiet_s, 0.0  # an index waits for a pause: building takes all cores
        self._unindexed_max = unindexed_max
        self._write = threading.RLock()
        self._optimizing = threading.Lock()
        self._journal: list[Any] | None = None  # operations since the copy was taken
        self._unflushed = 0
        self._removed = 0
        self._child: OptimizeChild | None = None
        self._closing = False
        with engine_errors("be opened"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            require_room(folder, WRITE_ROOM_BYTES, "the vector index is not opened")
            self._shard: Any = self._open(dense)

    def upsert(self, points: Sequence[Point]) -> None:
        """Write in slices; each is in the log when the next begins."""
        import qdrant_edge as q

        for start in range(0, len(points), _SLICE):
            self._require_room()
            part = [edge_point(point) for point in points[start : start + _SLICE]]
            self._update(q.UpdateOperation.upsert_points(part), len(part))

    def search(
        self, scope: Scope, queries: Sequence[DenseQuery | SparseQuery], limit: int, *, exact: bool = False
    ) -> list[list[Hit]]:
        """One batch for all queries; a sparse query without terms finds nothing."""
        import qdrant_edge as q

        asked = [i for i, query in enumerate(queries) if isinstance(query, DenseQuery) or len(query.vector.indices)]
        found: list[list[Hit]] = [[] for _ in queries]
        if is_nothing(scope) or not asked or limit < 1:
            return found
        requests = [edge_query(scope, queries[i], limit, exact=exact) for i in asked]
        with engine_errors("search"):
            answers = self._shard.query_batch(q.QueryBatchRequest(requests))
        for i, points in zip(asked, answers, strict=True):
            found[i] = [as_hit(p.id, p.score, p.payload) for p in points]
        return found

    def count(self, scope: Scope) -> int:
        """Exact number of points in scope."""
        import qdrant_edge as q

        if is_nothing(scope):
            return 0
        with engine_errors("count"):
            return int(self._shard.count(q.CountRequest(exact=True, filter=edge_filter(scope))))

    def ids(self, scope: Scope) -> set[str]:
        """All point ids in scope, read in pages."""
        return set() if is_nothing(scope) else {str(r.id) for r in self._scroll(edge_filter(scope))}

    def owners(self, scope: Scope) -> dict[tuple[str, int], int]:
        """Points in scope by document and version, read in pages."""
        if is_nothing(scope):
            return {}
        return count_owners(r.payload for r in self._scroll(edge_filter(scope), OWNER_FIELDS))

    def workspaces(self) -> set[str]:
        """All workspaces that have points."""
        import qdrant_edge as q

        with engine_errors("be read"):
            found = self._shard.facet(q.FacetRequest("workspace_id", limit=MAX_WORKSPACES, exact=True))
        return {str(hit.value) for hit in found.hits}

    def delete(self, scope: Scope) -> None:
        """Remove all points in scope."""
        import qdrant_edge as q

        removed = self.count(scope)
        if removed:
            self._require_room(_REMOVE_ROOM_BYTES)
            self._update(q.UpdateOperation.delete_points_by_filter(edge_filter(scope)), 1)
            self._removed += removed

    def optimize(self) -> None:
        """Build the index in a child process when it pays; searches and writes go on meanwhile.

        Needs free disk space of the index's size. Nothing to do, or one already running: returns at once.
        """
        if not self._optimizing.acquire(blocking=False):
            return
        try:
            with engine_errors("be optimized"):
                if self._is_due() and not self._closing:
                    self._exchange()
        except Unavailable:
            if not self._closing:
                raise
        finally:
            self._optimizing.release()

    def check(self) -> str:
        """A line for `doctor`."""
        with engine_errors("answer"):
            info = self._shard.info()
        return f"qdrant-edge in {self._folder}: {info.points_count} points in {info.segments_count} segments"

    def close(self) -> None:
        """Flush and release the folder; a running `optimize` is given up, it begins anew after the next start."""
        self._closing = True
        if self._child is not None:
            self._child.stop()
        with self._optimizing, self._write, engine_errors("be closed"):
            self._shard.flush()
            self._shard.close()

    def _open(self, dense: dict[str, int]) -> Any:
        pointer = read_pointer(self._folder)
        if pointer is None:
            pointer = Pointer(successor(None), dense)
            # what a first start left that was cut off before its pointer was written
            shutil.rmtree(self._folder / pointer.shard, ignore_errors=True)
            shard = create_shard(self._folder / pointer.shard, dense)
        else:
            shard = load_shard(self._folder / pointer.shard)
            pointer = Pointer(pointer.shard, add_vectors(shard, pointer.dense, dense))
            # only now: the engine's lock says that no other process is building one
            self._remove_others(pointer.shard)
        write_pointer(self._folder, pointer)
        self._pointer = pointer
        return shard

    def _require_room(self, needed_bytes: int = WRITE_ROOM_BYTES) -> None:
        require_room(self._folder, needed_bytes, "the vector index is not written to; that goes on by itself")

    def _update(self, operation: Any, points: int) -> None:
        with self._write, engine_errors("be written"):
            self._written_at = time.monotonic()
            self._shard.update(operation)
            if self._journal is not None:
                self._journal.append(operation)
            self._unflushed += points
            if self._unflushed >= _FLUSH_EVERY:
                self._shard.flush()
                self._unflushed = 0

    def _scroll(self, wanted: Any, payload: bool | list[str] = False) -> Iterator[Any]:
        import qdrant_edge as q

        shard, offset = self._shard, None
        while True:
            request = q.ScrollRequest(
                offset=offset, limit=_PAGE, filter=wanted, with_payload=payload, with_vector=False
            )
            with engine_errors("be read"):
                records, offset = shard.scroll(request)
            yield from records
            if offset is None:
                return

    def _is_due(self) -> bool:
        info = self._shard.info()
        points = int(info.points_count)
        unindexed = points - int(info.indexed_vectors_count) // (len(self._pointer.dense) + 1)
        quiet = time.monotonic() - self._written_at >= self._quiet_s
        if not quiet and unindexed <= _URGENT * self._unindexed_max:
            return False
        return unindexed > self._unindexed_max or self._removed > max(1000, _REMOVED_SHARE * points)

    def _exchange(self) -> None:
        old, new = self._pointer, successor(self._pointer.shard)
        # the copy, its optimized segments beside it, and room for the writes meanwhile
        self._require_room(2 * folder_bytes(self._folder / old.shard) + WRITE_ROOM_BYTES)
        try:
            with self._write:  # the copy must be of one moment; searches go on
                self._shard.flush()
                copy_shard(self._folder, old.shard, new)
                self._journal, self._removed = [], 0
            self._child = OptimizeChild(self._folder / new)
            if self._closing:  # between the two `close` saw no child
                self._child.stop()
            self._child.wait()
            shadow = load_shard(self._folder / new)
            self._replay(shadow)
            with self._write:
                self._replay(shadow)
                shadow.flush()
                self._pointer = Pointer(new, old.dense)
                write_pointer(self._folder, self._pointer)
                # not closed: a search may still hold it, and the last reference closes it
                self._shard = shadow
        finally:
            self._journal = self._child = None
            self._remove_others(self._pointer.shard)

    def _replay(self, shadow: Any) -> None:
        while self._journal:
            self._require_room(_REMOVE_ROOM_BYTES)
            shadow.update(self._journal.pop(0))

    def _remove_others(self, current: str) -> None:
        for folder in self._folder.glob("shard-*"):
            if folder.name != current:
                shutil.rmtree(folder, ignore_errors=True)
