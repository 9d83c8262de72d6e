"""Chooses the runtime at the first start: the fastest whose vectors agree with float32, on this very machine.

It runs for seconds in a child process, so that the losers' memory returns, and leaves its result in the cache
folder. A new CPU, a new version of a runtime or of the graph makes it run again.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.children import ChildFailed, ModuleChild
from core.embedding.graph import GRAPH_VERSION
from core.embedding.runtimes import Runtime, RuntimeName, load_runtime
from core.embedding.samples import SAMPLES
from core.embedding.tokenizer import WordPieceTokenizer
from core.embedding.weights import WEIGHTS_SHA256
from core.errors import Unavailable

Floats = npt.NDArray[np.float32]
MIN_FIDELITY = 0.99  # mean cosine to float32; at .994 int8 lost no nDCG@10 on twelve sets
_MIN_GAIN = 1.1  # what costs more than time must be worth it
_DEARER = (RuntimeName.ONNX_INT8, RuntimeName.OPENVINO)  # less exact by more than rounding; 120 MB more memory
_PASSAGE_SENTENCES = 15  # makes about 170 tokens, a usual chunk
_PASSAGES = 16
_TIMEOUT_S = 150


@dataclass(frozen=True, slots=True)
class Choice:
    """The runtime, its speed in passages of about 170 tokens a second, its mean cosine to float32."""

    runtime: RuntimeName
    chunks_per_s: float
    fidelity: float


def choose(cache_dir: Path, setting: str, threads: int) -> Choice:
    """The stored choice for `setting` ("auto", a runtime's name or "exact"), measured first where there is none."""
    candidates = _candidates(setting)
    path = cache_dir / f"runtime-{setting}-{threads}.json"
    found = _read(path)
    if found is None:
        _measure_in_child(cache_dir, candidates, threads, path)
        found = _read(path)
    if found is None:
        raise Unavailable(f"The choice of the embedding runtime could not be kept in {cache_dir}.")
    return found


def measure(cache_dir: Path, candidates: Sequence[RuntimeName], threads: int) -> Choice:
    """Run every candidate here and now; the best of those that are installed and faithful."""
    tokens = WordPieceTokenizer().encode([*SAMPLES, *_passages()])
    exact = _vectors(load_runtime(RuntimeName.ONNX_FP32, cache_dir, threads), tokens[: len(SAMPLES)])
    results = []
    for name in candidates:
        try:
            runtime = load_runtime(name, cache_dir, threads)
        except Unavailable:
            if len(candidates) == 1:
                raise
            continue
        vectors = _vectors(runtime, tokens[: len(SAMPLES)])  # warms up, too
        speed = _speed(runtime, tokens[len(SAMPLES) :])
        results.append(Choice(name, round(speed, 1), round(float((vectors * exact).sum(axis=1).mean()), 5)))
    return _best(results)


def _best(results: Sequence[Choice]) -> Choice:
    faithful = [r for r in results if r.fidelity >= MIN_FIDELITY] or list(results)
    return max(faithful, key=lambda r: r.chunks_per_s / (_MIN_GAIN if r.runtime in _DEARER else 1.0))


def _candidates(setting: str) -> list[RuntimeName]:
    if setting == "auto":
        return list(RuntimeName)
    if setting == "exact":
        return [RuntimeName.ONNX_FP32]
    try:
        return [RuntimeName(setting)]
    except ValueError as error:
        known = ", ".join(["auto", *RuntimeName, "exact"])
        raise Unavailable(f"There is no embedding runtime {setting!r}. Known: {known}.") from error


def _passages() -> list[str]:
    return [" ".join(SAMPLES[(i + j) % len(SAMPLES)] for j in range(_PASSAGE_SENTENCES)) for i in range(_PASSAGES)]


def _vectors(runtime: Runtime, tokens: Sequence[Sequence[int]]) -> Floats:
    return np.concatenate([_run(runtime, [row]) for row in tokens])


def _run(runtime: Runtime, rows: Sequence[Sequence[int]]) -> Floats:
    width = min(map(len, rows))
    ids = np.array([row[:width] for row in rows], np.int64)
    return runtime.infer(ids, np.ones_like(ids))


def _speed(runtime: Runtime, tokens: Sequence[Sequence[int]]) -> float:
    size = max(1, runtime.batch_tokens // max(map(len, tokens)))
    parts = [tokens[i : i + size] for i in range(0, len(tokens), size)]
    with ThreadPoolExecutor(runtime.streams) as pool:
        list(pool.map(lambda rows: _run(runtime, rows), parts[: runtime.streams]))
        start = time.perf_counter()
        list(pool.map(lambda rows: _run(runtime, rows), parts))
        return len(tokens) / (time.perf_counter() - start)


def _key() -> dict[str, str]:
    return {
        "cpu": _cpu(),
        "graph": f"{GRAPH_VERSION}-{WEIGHTS_SHA256[:8]}",
        "onnxruntime": _version("onnxruntime"),
        "openvino": _version("openvino"),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "cpu family", "model\t", "flags")
    first = lines[: lines.index("")] if "" in lines else lines
    return " ".join(line.split(":", 1)[1].strip() for line in first if line.startswith(wanted))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _read(path: Path) -> Choice | None:
    try:
        stored = json.loads(path.read_text())
        if stored["key"] != _key():
            return None
        return Choice(RuntimeName(stored["runtime"]), float(stored["chunks_per_s"]), float(stored["fidelity"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent or damaged: measured again


def _write(path: Path, choice: Choice) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps({"key": _key(), **asdict(choice)}))
    temporary.replace(path)


def _measure_in_child(cache_dir: Path, candidates: Sequence[RuntimeName], threads: int, result: Path) -> None:
    child = ModuleChild("core.embedding.selftest", str(cache_dir), str(threads), str(result), *candidates)
    try:
        child.wait(_TIMEOUT_S)
    except ChildFailed as error:
        raise Unavailable(f"The embedding self-test failed: {error}", code="SELFTEST_FAILED") from error


def main(arguments: Sequence[str]) -> int:
    """The child: cache folder, threads, result file, candidates. Errors go to stderr as one line."""
    cache_dir, threads, result, *names = arguments
    try:
        _write(Path(result), measure(Path(cache_dir), [RuntimeName(name) for name in names], int(threads)))
    except (Unavailable, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
