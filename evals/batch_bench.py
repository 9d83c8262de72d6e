"""JSON Lines batch, accepted to searchable, beside pure embedding; then the idle server's memory.

python -m evals.batch_bench --corpus ../shared/data/scifact-train/corpus.jsonl [--documents 1500]
"""

import argparse
import json
import time
from itertools import islice
from pathlib import Path

from core.embedding.tokenizer import WordPieceTokenizer
from evals.corpora import batch_body, json_lines
from evals.pure_embedding import time_embedding
from evals.service import Service, running_service
from ingest.chunking import ChunkBudget, chunk_document, embedding_texts
from ingest.parsers.text import read_text

IDLE_S = 45


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=None, help="Only the first so many.")
    arguments = parser.parse_args()
    texts = _texts(arguments.corpus, arguments.documents)
    before, tokens = time_embedding(texts)
    with running_service() as service:
        seconds, job, peak = _batch(service, arguments.corpus, arguments.documents)
        time.sleep(IDLE_S)
        idle = service.tree_mb()
    after, _ = time_embedding(texts)
    pure = (before + after) / 2  # around our run, so that a slow spell of the machine meets both
    result = {
        "documents": job["total"], "failed": job["failed"], "chunks": len(texts), "tokens": tokens,
        "pure_embedding_s": [round(before, 1), round(after, 1)], "accepted_to_searchable_s": round(seconds, 1),
        "ratio": round(seconds / pure, 3), "peak_tree_mb": round(peak), "idle_tree_mb": round(idle),
    }  # fmt: skip
    print(json.dumps(result, indent=2))


def _batch(service: Service, corpus: Path, limit: int | None) -> tuple[float, dict[str, int], float]:
    body, _ = batch_body(corpus, limit)
    collection = service.call("POST", "/collections", json={"name": "corpus"})["id"]
    peaks = [service.tree_mb()]
    started = time.perf_counter()
    headers = {"Content-Type": "application/x-ndjson"}
    job = service.call("POST", f"/documents/batch?collection_id={collection}", content=body, headers=headers)
    looks = [0]

    def watch() -> None:
        looks[0] += 1
        if looks[0] % 20 == 0:
            peaks.append(service.tree_mb())

    ended = service.wait(job, watch=watch)
    return time.perf_counter() - started, ended, max(peaks)


def _texts(corpus: Path, limit: int | None) -> list[str]:
    tokenizer = WordPieceTokenizer()
    budget = ChunkBudget.of(tokenizer)
    texts: list[str] = []
    for row in islice(json_lines(corpus), limit):
        document = read_text(row["text"])
        chunks = chunk_document(document, tokenizer, budget)
        texts.extend(embedding_texts(document.text, chunks, row["title"], tokenizer, budget))
    return texts


if __name__ == "__main__":
    main()
