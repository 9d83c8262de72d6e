"""Every file of a folder through the pool of parsing children: each ends in text or in a sentence that helps.

python -m evals.robustness --data ../shared/data/files [--json] [--missing]

Prints format x outcome, pages/s of PDF, the slowest files and, where a reference lies beside a file, the share of its
words that was found. The exit status is 1 when a parser crashed, hung or failed without saying why.
"""

import argparse
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track

from core.errors import DocumentError
from evals import robustness_report as report
from evals.references import is_reference, missing_words, reference_of, reference_words, share_found
from ingest.children.pool import ParsePool
from ingest.children.protocol import Parsed, ParseTask
from ingest.detect import detect

CHILDREN = 2
WALL_S = 60.0
MEMORY_BYTES = 2 * 2**30
DETECTED_BYTES = 64 * 2**20
COMPLETED = "COMPLETED"
LOST = frozenset({"PARSER_CRASHED", "PARSER_TIMEOUT", "PARSER_MEMORY", "PARSER_STOPPED", "DOCUMENT_UNREADABLE"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="one JSON object a file instead of tables")
    parser.add_argument("--missing", action="store_true", help="also name the reference words that were not found")
    arguments = parser.parse_args()
    files = [path for path in sorted(arguments.data.rglob("*")) if path.is_file()]
    console = Console(stderr=True)
    read = track(outcomes(files), "files", total=len(files), console=console, disable=arguments.json)
    found = sorted(read, key=lambda one: one.path)
    if arguments.json:
        for one in found:
            print(json.dumps(asdict(one), ensure_ascii=False))
    else:
        report.show(found, root=arguments.data, missing=arguments.missing)
    raise SystemExit(any(one.code in LOST for one in found))


def outcomes(files: list[Path]) -> Iterator[report.Outcome]:
    """As they end."""
    pool = ParsePool(CHILDREN, wall_s=WALL_S, cpu_s=WALL_S, memory_bytes=MEMORY_BYTES, max_tasks=200)
    try:
        with ThreadPoolExecutor(CHILDREN) as threads:
            for done in as_completed([threads.submit(_one, pool, path) for path in files]):
                yield done.result()
    finally:
        pool.close()


def _one(pool: ParsePool, path: Path) -> report.Outcome:
    started = time.perf_counter()
    (result,) = pool.run([ParseTask(str(path), 0, path.stat().st_size, path.name)])
    seconds = round(time.perf_counter() - started, 2)
    if not isinstance(result, Parsed):
        return report.Outcome(str(path), _format(path), result.code, result.message, seconds)
    document = result.document
    share, missing = _compared(path, document.text)
    return report.Outcome(
        str(path), str(result.format), COMPLETED, "", seconds, document.page_count or 0, len(document.text),
        document.notes, share, missing,
    )  # fmt: skip


def _compared(path: Path, text: str) -> tuple[float | None, list[str]]:
    reference = None if is_reference(path) else reference_of(path)
    if reference is None:
        return None, []
    wanted = reference_words(reference)
    return share_found(wanted, text), [word for word, _ in missing_words(wanted, text).most_common(12)]


def _format(path: Path) -> str:
    try:
        return detect(path.read_bytes()[:DETECTED_BYTES], path.name)
    except DocumentError:
        return f"none ({path.suffix or path.name})"


if __name__ == "__main__":
    main()
