"""Files to searchable, beside LlamaIndex's standard pipeline and beside pure embedding, in one run.

python -m evals.ingest_bench --data ../shared/data --html HTML_FOLDER [--share 0.2] [--no-peer]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from evals.corpora import mixed_files
from evals.pure_embedding import embedding_texts, time_embedding
from evals.service import Service, running_service

PART = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--html", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0, help="Of the files, for a shorter run.")
    parser.add_argument("--no-peer", action="store_true")
    arguments = parser.parse_args()
    files = mixed_files(arguments.data, arguments.html, arguments.share)
    print(f"{len(files)} files, {sum(f.stat().st_size for f in files) / 2**20:.0f} MiB", file=sys.stderr)
    texts = embedding_texts(files)
    pure, tokens = time_embedding(texts)
    ours = _ours(files)
    again, _ = time_embedding(texts)
    floor = (pure + again) / 2
    seconds = ours["wall_s"]
    result: dict[str, Any] = {
        "pure_embedding_s": [round(pure, 1), round(again, 1)], "chunks": len(texts), "embedded_tokens": tokens,
        "ours": ours, "ours_over_pure": round(seconds / floor, 3),
    }  # fmt: skip
    print(json.dumps(result), file=sys.stderr)
    if not arguments.no_peer:
        peer = _peer(files)
        rates = (tokens / seconds, peer["embedded_tokens"] / peer["wall_s"])
        result |= {
            "peer": peer, "tokens_per_s": [round(rate) for rate in rates],
            "speed_times_peer": round(rates[0] / rates[1], 2), "wall_share_of_peer": round(seconds / peer["wall_s"], 3),
            "peer_share_embedded": round(peer["embedded_tokens"] / peer["tokens"], 3),
        }  # fmt: skip
    print(json.dumps(result, indent=2))


def _ours(files: list[Path]) -> dict[str, Any]:
    with running_service() as service:
        collection = service.call("POST", "/collections", json={"name": "files"})["id"]
        peaks = [service.tree_mb()]
        started = time.perf_counter()
        jobs = [_upload(service, collection, files[at : at + PART]) for at in range(0, len(files), PART)]
        ended = [service.wait(job, watch=lambda: peaks.append(service.tree_mb())) for job in jobs]
        wall = time.perf_counter() - started
    failed = sum(job["failed"] for job in ended)
    codes = sorted({error["code"] for job in ended for error in job["errors"]})
    return {"wall_s": round(wall, 1), "failed": failed, "codes": codes, "peak_tree_mb": round(max(peaks))}


def _upload(service: Service, collection: str, files: list[Path]) -> dict[str, Any]:
    parts = [("files", (f"{number}-{path.name}", path.read_bytes())) for number, path in enumerate(files)]
    job: dict[str, Any] = service.call("POST", f"/documents/batch?collection_id={collection}", files=parts)
    return job


def _peer(files: list[Path]) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(map(str, files)))
        listing.flush()
        command = [sys.executable, "-m", "evals.peer_llamaindex", listing.name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
