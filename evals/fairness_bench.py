"""Two tenants: how long a single file of the second waits while the first has 2,000 queued.

python -m evals.fairness_bench --corpus ../shared/data/scifact-train/corpus.jsonl [--documents 2000] [--singly]
"""

import argparse
import json
import time
from itertools import islice
from pathlib import Path
from typing import Any

from evals.corpora import batch_body, json_lines
from evals.service import Service, running_service

PROBES = 5
PAUSE_S = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--singly", action="store_true", help="The first uploads one file at a time, not a batch.")
    arguments = parser.parse_args()
    with running_service() as service:
        big, small = service, service.other_workspace()
        collection = big.call("POST", "/collections", json={"name": "many"})["id"]
        if arguments.singly:
            _singly(big, collection, arguments.corpus, arguments.documents)
        else:
            body, _ = batch_body(arguments.corpus, arguments.documents)
            headers = {"Content-Type": "application/x-ndjson"}
            big.call("POST", f"/documents/batch?collection_id={collection}", content=body, headers=headers)
        waits = [_probe(big, small, number) for number in range(PROBES)]
    print(json.dumps({"documents": arguments.documents, "singly": arguments.singly, "probes": waits}, indent=2))


def _singly(service: Service, collection: str, corpus: Path, count: int) -> None:
    for number, row in enumerate(islice(json_lines(corpus), count)):
        files = {"file": (f"{number}.txt", row["text"].encode())}
        service.call("POST", "/documents?duplicates=allow", files=files, data={"collection_id": collection})


def _probe(big: Service, small: Service, number: int) -> dict[str, Any]:
    """Seconds from upload to found; how many documents of the first tenant waited then."""
    time.sleep(PAUSE_S)
    queued = big.call("GET", "/queue")["queued"]
    word = f"zanzibarnumber{number}"
    text = f"The word of this file is {word}. It has a few sentences more, as notes have.\n" * 5
    started = time.perf_counter()
    collection = small.call("POST", "/collections", json={"name": f"one {number}"})["id"]
    files = {"file": (f"{word}.txt", text.encode())}
    small.call("POST", "/documents", files=files, data={"collection_id": collection})
    while not any(word in hit["content"] for hit in small.call("POST", "/search", json={"query": word})["results"]):
        time.sleep(0.05)
    return {"queued_before_it": queued, "searchable_after_s": round(time.perf_counter() - started, 2)}


if __name__ == "__main__":
    main()
