"""Speed and recall of the embedded vector index: `python -m evals.vectors_bench --points 50000`.

Points are clustered random unit vectors of 384 dimensions with 60 terms each, half of them in one workspace. Recall
is the overlap of the first ten with an exact search in numpy.
"""

import argparse
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.vectors.edge import EdgeVectorStore
from core.vectors.protocol import DenseQuery, Point, Scope, SparseQuery, SparseVector

Floats = npt.NDArray[np.float32]
DIMENSION, MODEL, BLOCK = 384, "bench", 1000
_TENANTS = 20
MINE = "w0"


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments and print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--no-optimize", action="store_true", help="measure the exact scan only")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        # 0: build the index whatever the number of points
        store = EdgeVectorStore(Path(folder) / "vectors", {MODEL: DIMENSION}, unindexed_max=0)
        _run(store, chosen.points, chosen.queries, optimize=not chosen.no_optimize)
        store.close()


def _run(store: EdgeVectorStore, points: int, queries: int, *, optimize: bool) -> None:
    vectors = _vectors(points)
    print(f"write     {points} points in {_write(store, vectors):.1f} s, process {_rss_mb()} MB")
    asked = _near(vectors, queries)
    _search("unindexed", store, vectors, asked)
    if optimize:
        _optimize(store, asked)
        _search("indexed", store, vectors, asked)
    print(f"memory    process {_rss_mb()} MB")


def _write(store: EdgeVectorStore, vectors: Floats) -> float:
    spent = 0.0
    for start in range(0, len(vectors), BLOCK):
        block = [point(i, vectors[i]) for i in range(start, min(start + BLOCK, len(vectors)))]
        began = time.perf_counter()
        store.upsert(block)
        spent += time.perf_counter() - began
    return spent


def _search(label: str, store: EdgeVectorStore, vectors: Floats, asked: Floats) -> None:
    mine = np.array([i for i in range(len(vectors)) if _tenant(i) == MINE])
    times, found = [], 0
    for vector in asked:
        began = time.perf_counter()
        hits = store.search(Scope(MINE), [DenseQuery(MODEL, vector), words()], 30)[0]
        times.append(time.perf_counter() - began)
        best = mine[np.argsort(-(vectors[mine] @ vector))[:10]]
        found += len({h.chunk_index for h in hits[:10]} & set(best.tolist()))
    print(f"search    {label}: {_spread(times)}, recall@10 {found / (10 * len(asked)):.3f} (dense and sparse in one)")


def _optimize(store: EdgeVectorStore, asked: Floats) -> None:
    done, times, waits = threading.Event(), [], []

    def search_on() -> None:
        turn = 0
        while not done.is_set():
            began = time.perf_counter()
            store.search(Scope(MINE), [DenseQuery(MODEL, asked[turn % len(asked)]), words()], 30)
            times.append(time.perf_counter() - began)
            waits.append(began)
            turn += 1
            done.wait(0.01)

    searcher = threading.Thread(target=search_on)
    searcher.start()
    began = time.perf_counter()
    store.optimize()
    took = time.perf_counter() - began
    done.set()
    searcher.join()
    gap = max(np.diff(waits), default=0.0)
    print(
        f"optimize  {took:.1f} s; {len(times)} searches meanwhile: {_spread(times)}, longest pause {gap * 1e3:.0f} ms"
    )


def _vectors(points: int) -> Floats:
    random = np.random.default_rng(0)
    centres = random.normal(size=(500, DIMENSION)).astype(np.float32)
    raw = centres[random.integers(0, 500, points)] * np.float32(0.8)
    return unit(raw + random.normal(size=(points, DIMENSION)).astype(np.float32))


def _near(vectors: Floats, queries: int) -> Floats:
    random = np.random.default_rng(1)
    noise = random.normal(size=(queries, DIMENSION)).astype(np.float32) * np.float32(0.03)
    return unit(vectors[random.integers(0, len(vectors), queries)] + noise)


def unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def point(number: int, vector: Floats) -> Point:
    terms = np.unique(np.random.default_rng(number).integers(0, 30_000, 60)).astype(np.uint32)
    sparse = SparseVector(terms, np.ones(len(terms), np.float32))
    document = f"d{number // 20}"
    return Point(str(uuid.UUID(int=number)), _tenant(number), "c", document, 1, number, "en", {MODEL: vector}, sparse)


def _tenant(number: int) -> str:
    return MINE if number % 2 == 0 else f"w{number % _TENANTS}"


def words() -> SparseQuery:
    return SparseQuery(SparseVector(np.array([1, 5, 77, 300, 2000], np.uint32), np.ones(5, np.float32)))


def _spread(times: Sequence[float]) -> str:
    p50, p95 = np.percentile(times, [50, 95]) * 1e3
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {max(times) * 1e3:.0f} ms"


def _rss_mb() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
