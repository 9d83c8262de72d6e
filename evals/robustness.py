"""Every file of a folder through the pool of parsing children: each ends in text or in a sentence that helps.

python -m evals.robustness --data ../shared/data/files [--json]
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from core.errors import DocumentError
from ingest.children.pool import ParsePool
from ingest.children.protocol import Parsed, ParseTask
from ingest.detect import detect

CHILDREN = 2
LOST = frozenset({"PARSER_CRASHED", "PARSER_TIMEOUT", "PARSER_MEMORY", "DOCUMENT_UNREADABLE"})
DETECTED_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one file ended; `code` is "PARSED" or the failure's."""

    path: str
    format: str
    code: str
    message: str
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    arguments = parser.parse_args()
    files = [path for path in sorted(arguments.data.rglob("*")) if path.is_file()]
    console = Console(stderr=True)
    read = track(_outcomes(files), "files", total=len(files), console=console, disable=arguments.json)
    _report(list(read), as_json=arguments.json)


def _outcomes(files: list[Path]) -> Iterator[Outcome]:
    pool = ParsePool(CHILDREN, wall_s=120, cpu_s=120, memory_bytes=2 * 2**30, max_tasks=200)
    try:
        with ThreadPoolExecutor(CHILDREN) as threads:
            for done in as_completed([threads.submit(_one, pool, path) for path in files]):
                yield done.result()
    finally:
        pool.close()


def _one(pool: ParsePool, path: Path) -> Outcome:
    started = time.perf_counter()
    (result,) = pool.run([ParseTask(str(path), 0, path.stat().st_size, path.name)])
    seconds = round(time.perf_counter() - started, 2)
    if isinstance(result, Parsed):
        return Outcome(str(path), str(result.format), "PARSED", "", seconds)
    return Outcome(str(path), _format(path), result.code, result.message, seconds)


def _format(path: Path) -> str:
    try:
        return detect(path.read_bytes()[:DETECTED_BYTES], path.name)
    except DocumentError:
        return f"none ({path.suffix or path.name})"


def _report(outcomes: list[Outcome], *, as_json: bool) -> None:
    counted = Counter((one.format, one.code) for one in outcomes)
    lost = [one for one in outcomes if one.code in LOST]
    if as_json:
        rows = [{"format": kind, "outcome": code, "files": count} for (kind, code), count in sorted(counted.items())]
        lines = [{"path": one.path, "code": one.code, "message": one.message, "seconds": one.seconds} for one in lost]
        print(json.dumps({"files": len(outcomes), "outcomes": rows, "look_at": lines}))
        return
    table = Table("format", "outcome", "files")
    for (kind, code), count in sorted(counted.items()):
        table.add_row(kind, code, str(count))
    console = Console()
    console.print(table)
    for one in lost:
        console.print(f"{one.code}  {one.seconds} s  {one.path}  {one.message}", markup=False)


if __name__ == "__main__":
    main()
