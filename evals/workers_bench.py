"""One worker process against two, on PostgreSQL and Redis, where reading dominates: PDFs and a fake embedding model.

python -m evals.workers_bench --data ../shared/data [--files 12]

Each worker reads one file at a time, so that one leaves a core of two free. Needs TEST_POSTGRES_URL and TEST_REDIS_URL.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from evals.faults.load import Client
from evals.faults.rehearse import code_of
from evals.faults.services import fresh_postgres, fresh_redis
from evals.faults.shapes import scaled

ONE_AT_A_TIME = {"INSYDR_WORKER_THREADS": "1", "INSYDR_PARSER_PROCESSES": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--files", type=int, default=12)
    arguments = parser.parse_args()
    files = sorted((arguments.data / "financebench-tune").rglob("*.pdf"))[: arguments.files]
    seconds = [_run(files, workers) for workers in (1, 2, 1)]
    one = (seconds[0] + seconds[2]) / 2
    result = {"files": len(files), "one_s": [seconds[0], seconds[2]], "two_s": seconds[1]}
    print(json.dumps(result | {"times": round(one / seconds[1], 2)}, indent=2))


def _run(files: list[Path], workers: int) -> float:
    """Seconds from the upload of all to the end of all."""
    with tempfile.TemporaryDirectory() as folder, fresh_postgres() as postgres, fresh_redis() as redis:
        place = Path(folder)
        with scaled(
            place, postgres, redis, workers=workers, pace_s=0, settings=ONE_AT_A_TIME, real_parser=True
        ) as shape:
            client = Client(shape.url, 1, shape.up)
            client.sign_up(lambda address: code_of(shape, address))
            started = time.perf_counter()
            parts = [("files", (path.name, path.read_bytes())) for path in files]
            client.call("POST", f"/documents/batch?collection_id={client.collection}", files=parts)
            client.settle(900)
            return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    main()
