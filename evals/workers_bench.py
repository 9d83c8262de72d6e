"""One worker process against two, on PostgreSQL and Redis, where reading dominates and the embedding model is a fake.

python -m evals.workers_bench --data ../shared/data [--filings 14] [--scans]

The filings are cut into files of 40 pages, so that no worker ends long before the other. Each worker reads one file at
a time, so that one leaves a core of two free. `busy_cores` says how much it does leave: the API server, the database,
the vector store and the broker share the machine with the workers. `--scans` takes the first page of each file as an
image, which needs text recognition. `bare_times` is what two processes gain over one at reading alone, with no service
round them: more is not to be had on the machine. Needs TEST_POSTGRES_URL and TEST_REDIS_URL.
"""

import argparse
import io
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import psutil

from evals.faults.load import Client
from evals.faults.rehearse import code_of
from evals.faults.services import fresh_postgres, fresh_redis
from evals.faults.shapes import scaled
from ingest.parse import parse

ONE_AT_A_TIME = {"INSYDR_WORKER_THREADS": "1", "INSYDR_PARSER_PROCESSES": "1"}
PAGES = 40  # of a file
SCAN_SCALE = 2.0  # pixels per point: 144 dpi


@dataclass(frozen=True, slots=True)
class Measured:
    """From the end of the upload to the end of all."""

    seconds: float
    busy_cores: float  # of the whole machine, on average


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--filings", type=int, default=14)
    parser.add_argument("--scans", action="store_true", help="Pages as images.")
    arguments = parser.parse_args()
    paths = sorted((arguments.data / "financebench-tune").rglob("*.pdf"))[: arguments.filings]
    files = [file for path in paths for file in _cut(path)]
    if arguments.scans:
        files = [(name, _scanned(data)) for name, data in files]
    bare = [_bare(files, processes) for processes in (1, 2, 1)]
    first, two, last = (_run(files, workers) for workers in (1, 2, 1))
    result = {
        "files": len(files),
        "one_s": [first.seconds, last.seconds],
        "two_s": two.seconds,
        "busy_cores": {"one": first.busy_cores, "two": two.busy_cores, "of": psutil.cpu_count()},
        "times": _times(first.seconds, two.seconds, last.seconds),
        "bare_times": _times(*bare),
    }
    print(json.dumps(result, indent=2))


def _times(first: float, two: float, last: float) -> float:
    """What two did quicker than one, which was measured before and after them."""
    return round((first + last) / 2 / two, 2)


def _bare(files: list[tuple[str, bytes]], processes: int) -> float:
    """Seconds to read all files and do nothing else."""
    with ProcessPoolExecutor(processes, mp_context=get_context("forkserver")) as pool:
        list(pool.map(_read, [files[0]] * processes))  # imports
        started = time.perf_counter()
        list(pool.map(_read, files))
        return time.perf_counter() - started


def _read(file: tuple[str, bytes]) -> int:
    return len(parse(file[1], file[0])[1].text)


def _cut(path: Path) -> list[tuple[str, bytes]]:
    """The filing in files of `PAGES` pages, by name."""
    import pypdfium2

    parts = []
    with pypdfium2.PdfDocument(path) as document:
        for first in range(0, len(document), PAGES):
            part, target = pypdfium2.PdfDocument.new(), io.BytesIO()
            part.import_pages(document, list(range(first, min(first + PAGES, len(document)))))
            part.save(target)
            parts.append((f"{first // PAGES}-{path.name}", target.getvalue()))
    return parts


def _scanned(data: bytes) -> bytes:
    """The first page as a PDF of one image."""
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        image = document[0].render(scale=SCAN_SCALE, grayscale=True).to_pil()
    target = io.BytesIO()
    image.save(target, "PDF", resolution=72 * SCAN_SCALE)
    return target.getvalue()


def _run(files: list[tuple[str, bytes]], workers: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder, fresh_postgres() as postgres, fresh_redis() as redis:
        place = Path(folder)
        with scaled(
            place, postgres, redis, workers=workers, pace_s=0, settings=ONE_AT_A_TIME, real_parser=True
        ) as shape:
            client = Client(shape.url, 1, shape.up)
            client.sign_up(lambda address: code_of(shape, address))
            parts = [("files", file) for file in files]
            client.call("POST", f"/documents/batch?collection_id={client.collection}", files=parts)
            started, busy = time.perf_counter(), _busy_s()
            client.settle(900)
            seconds = time.perf_counter() - started
            return Measured(round(seconds, 1), round((_busy_s() - busy) / seconds, 2))


def _busy_s() -> float:
    """Processor seconds that this machine has spent on anything so far."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)  # parsers are nice


if __name__ == "__main__":
    main()
