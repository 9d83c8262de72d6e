"""How far one machine's embedded index goes: `python -m evals.capacity_bench --minutes 10`.

Points like those of `evals.vectors_bench` (half of them in one workspace) are written until the next size; there the
index is brought up to date and searched, its memory and disk are measured. It ends at `--points`, or before a size that
would not fit into `--minutes` by the time that the last one took.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from core.vectors.edge import EdgeVectorStore
from core.vectors.protocol import DenseQuery, Scope
from evals.vectors_bench import BLOCK, DIMENSION, MINE, MODEL, Floats, point, unit, words

SIZES = (50_000, 100_000, 200_000, 400_000, 600_000, 800_000, 1_000_000)
QUERIES, EXACT_QUERIES = 200, 40
SMALL = "w1"  # a workspace with a twentieth of the points


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    ends = time.monotonic() + 60 * arguments.minutes
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "vectors"
        store = EdgeVectorStore(folder, {MODEL: DIMENSION}, unindexed_max=0)
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("points", total=arguments.points)
            for size in [size for size in SIZES if size <= arguments.points]:
                if rows and time.monotonic() + _next_s(rows[-1], size) > ends:
                    break
                start = rows[-1]["points"] if rows else 0
                rows.append(_grown(store, folder, start, size, lambda: bar.advance(task, BLOCK)))
                bar.console.print(rows[-1])
        store.close()
    print(json.dumps(rows, indent=2))


def _next_s(last: dict[str, Any], size: int) -> float:
    """Writing costs by the point, building the index a little more than in proportion."""
    more = (size - last["points"]) / last["written"]
    return float(more * last["write_s"] + 1.2 * size / last["points"] * last["index_s"])


def _grown(store: EdgeVectorStore, folder: Path, start: int, size: int, progress: Any) -> dict[str, Any]:
    written = 0.0
    for first in range(start, size, BLOCK):
        vectors = _block(first)
        points = [point(first + i, vector) for i, vector in enumerate(vectors)]
        began = time.perf_counter()
        store.upsert(points)
        written += time.perf_counter() - began
        progress()
    began = time.perf_counter()
    store.optimize()
    index_s = time.perf_counter() - began
    anonymous, mapped = _memory_mb()
    large, recall = _searched(store, MINE, size), _recall(store, size)
    return {
        "points": size, "written": size - start, "write_s": round(written, 1), "index_s": round(index_s, 1),
        "search_ms": large, "search_small_workspace_ms": _searched(store, SMALL, size), "recall@10": recall,
        "memory_mb": anonymous, "mapped_files_mb": mapped,
        "build_memory_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, "disk_mb": _disk_mb(folder),
    }  # fmt: skip


def _block(first: int) -> Floats:
    """Vectors of the points from `first` on: the same at every run, and never all in memory."""
    centres = np.random.default_rng(0).normal(size=(500, DIMENSION)).astype(np.float32)
    random = np.random.default_rng(1_000_000 + first)
    raw = centres[random.integers(0, 500, BLOCK)] * np.float32(0.8)
    return unit(raw + random.normal(size=(BLOCK, DIMENSION)).astype(np.float32))


def _asked(size: int, count: int) -> Iterator[Floats]:
    """Questions near points that are there."""
    random = np.random.default_rng(7)
    for _ in range(count):
        vector = _block(int(random.integers(0, size // BLOCK)) * BLOCK)[0]
        yield unit((vector + random.normal(size=DIMENSION).astype(np.float32) * np.float32(0.03))[None])[0]


def _searched(store: EdgeVectorStore, workspace: str, size: int) -> dict[str, float]:
    times = []
    for vector in list(_asked(size, QUERIES)):
        began = time.perf_counter()
        store.search(Scope(workspace), [DenseQuery(MODEL, vector), words()], 60)
        times.append(time.perf_counter() - began)
    p50, p95 = np.percentile(times, [50, 95]) * 1e3
    return {"p50": round(p50, 1), "p95": round(p95, 1)}


def _recall(store: EdgeVectorStore, size: int) -> float:
    found = 0
    for vector in _asked(size, EXACT_QUERIES):
        query = [DenseQuery(MODEL, vector)]
        near, best = (
            {hit.id for hit in store.search(Scope(MINE), query, 10, exact=exact)[0]} for exact in (False, True)
        )
        found += len(near & best)
    return round(found / (10 * EXACT_QUERIES), 3)


def _memory_mb() -> tuple[int, int]:
    """Memory of this process that is its own, and what it has mapped of files: the kernel takes that back at need."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, mapped = (int(fields[name].split()[0]) // 1024 for name in ("RssAnon", "RssFile"))
    return own, mapped


def _disk_mb(folder: Path) -> int:
    """Blocks that are in use: the engine makes its files larger than what it has written."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) >> 20


if __name__ == "__main__":
    main()
