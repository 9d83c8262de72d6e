"""Search with one client: question in, passages out, query embedding and SQL included; and whole answers, with the
reader and without, which lack only HTTP and the record.

    python -m evals.search_bench --corpus ../shared/data/squad2-tune [--chunks 50000] [--reader none]

Real texts are embedded once; further chunks are their vectors with noise, so that the index has its full size.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.database import Database
from core.database.schema import ensure_schema
from core.embedding.factory import BUILT_IN, load_model
from core.embedding.protocol import EmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.ids import point_id
from core.vectors.edge import UNINDEXED_MAX, EdgeVectorStore
from core.vectors.protocol import DenseQuery, Point, Scope
from domain.models import ChunkRow, Collection, Document, Status, Workspace
from domain.search.passage_repository import SqlPassages
from evals.corpora import json_lines
from retrieval.answerer import Answerer
from retrieval.answers import Answer, Style
from retrieval.reader.factory import BUILT_IN as READER
from retrieval.reader.factory import open_reader
from retrieval.search import Searcher

REAL = 1_000
PER_DOCUMENT = 20
NOISE = 0.35
WHO = "ws_bench"
COLLECTION = "col_bench"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=50_000)
    parser.add_argument("--unindexed-max", type=int, default=None, help="Points below which no graph is built.")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--reader", default=READER, help="As INSYDR_READER.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.db")
        ensure_schema(database)
        model = load_model(BUILT_IN, cache_dir=Path(folder))
        limit = UNINDEXED_MAX if arguments.unindexed_max is None else arguments.unindexed_max
        vectors = EdgeVectorStore(Path(folder) / "vectors", {model.name: model.dimension}, unindexed_max=limit)
        _fill(database, vectors, model, arguments.corpus, arguments.chunks)
        vectors.optimize()
        questions = [row["text"] for row in json_lines(arguments.corpus / "queries.jsonl")][: arguments.queries]
        searcher, reader = Searcher(vectors, model, SparseEncoder()), open_reader(arguments.reader)
        report = _measure(database, vectors, model, questions)
        report["answers"] = _answers(Answerer(searcher, None, lambda _: "en", None), SqlPassages(database), questions)
        if reader:
            read = Answerer(searcher, None, lambda _: "en", reader)
            report["answers_read"] = _answers(read, SqlPassages(database), questions)
        print(json.dumps(report, indent=2))
        vectors.close()
        model.close()


def _measure(
    database: Database, vectors: EdgeVectorStore, model: EmbeddingModel, questions: list[str]
) -> dict[str, Any]:
    searcher, store, scope = Searcher(vectors, model, SparseEncoder()), SqlPassages(database), Scope(WHO)
    for question in questions[:10]:
        searcher.search(store, scope, question, 10)
    times: list[float] = []
    laps: list[dict[str, float]] = []
    for question in questions:
        started = time.perf_counter()
        laps.append(searcher.search(store, scope, question, 10).timings_ms)
        times.append((time.perf_counter() - started) * 1000)
    parts = {name: round(float(np.median([lap[name] for lap in laps])), 1) for name in laps[0]}
    recall = float(np.mean([_recall(vectors, model, scope, question) for question in questions[:100]]))
    p50, p95, p99 = (round(float(np.percentile(times, share)), 1) for share in (50, 95, 99))
    return {"chunks": vectors.count(scope), "queries": len(questions), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99,
            "median_ms": parts, "recall_at_10": round(recall, 4)}  # fmt: skip


def _answers(answerer: Answerer, store: SqlPassages, questions: list[str]) -> dict[str, Any]:
    """Milliseconds of whole answers, and of their parts (medians)."""
    times: list[float] = []
    laps: list[Mapping[str, float]] = []
    for number, question in enumerate([*questions[:10], *questions]):
        started = time.perf_counter()
        *_, answer = answerer.stream(store, Scope(WHO), question, [], Style())
        if number >= 10 and isinstance(answer, Answer) and answer.trace:
            times.append((time.perf_counter() - started) * 1000)
            laps.append(answer.trace.timings_ms)
    p50, p95, p99 = (round(float(np.percentile(times, share)), 1) for share in (50, 95, 99))
    names = dict.fromkeys(name for lap in laps for name in lap)
    parts = {name: round(float(np.median([lap.get(name, 0.0) for lap in laps])), 1) for name in names}
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "median_ms": parts}


def _recall(vectors: EdgeVectorStore, model: EmbeddingModel, scope: Scope, question: str) -> float:
    query = [DenseQuery(model.name, model.embed_query(question))]
    found, truth = (vectors.search(scope, query, 10, exact=exact)[0] for exact in (False, True))
    return len({hit.id for hit in found} & {hit.id for hit in truth}) / max(1, len(truth))


def _fill(database: Database, vectors: EdgeVectorStore, model: EmbeddingModel, corpus: Path, chunks: int) -> None:
    texts = [row["text"][:800] for row in json_lines(corpus / "corpus.jsonl")][:REAL]
    base, sparse = model.embed_passages(texts), SparseEncoder()
    weights = [sparse.encode_passage(text, "en") for text in texts]
    random = np.random.default_rng(7)
    with database.write() as session:
        session.add(Workspace(id=WHO, name="b", slug="b", plan="FREE", settings={}, owner_id="u"))
        session.flush()
        session.add(Collection(id=COLLECTION, workspace_id=WHO, name="b"))
    for start in range(0, chunks, 5_000):
        numbers = range(start, min(start + 5_000, chunks))
        noisy = base[[n % len(texts) for n in numbers]] + random.normal(0, NOISE / 20, (len(numbers), base.shape[1]))
        noisy = (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)
        _rows(database, texts, list(numbers))
        vectors.upsert(
            [
                Point(_id(n), WHO, COLLECTION, _document(n), 1, n % PER_DOCUMENT, "en",
                      {model.name: noisy[n - start]}, weights[n % len(texts)])
                for n in numbers
            ]
        )  # fmt: skip


def _rows(database: Database, texts: list[str], numbers: list[int]) -> None:
    with database.write() as session:
        for n in numbers:
            if n % PER_DOCUMENT == 0:
                session.add(
                    Document(id=_document(n), workspace_id=WHO, collection_id=COLLECTION, title=f"Document {n}",
                             source_type="TEXT", file_name="d", size_bytes=1, content_hash=str(n), custom={},
                             language="en", status=Status.COMPLETED, live_version=1)
                )  # fmt: skip
        session.flush()
        text = texts
        session.add_all(
            ChunkRow(id=_id(n), workspace_id=WHO, document_id=_document(n), version=1, chunk_index=n % PER_DOCUMENT,
                     char_start=0, char_end=len(text[n % len(text)]), heading_path=[], content=text[n % len(text)],
                     token_count=170, text_hash=str(n))
            for n in numbers
        )  # fmt: skip


def _document(n: int) -> str:
    return f"doc_{n // PER_DOCUMENT}"


def _id(n: int) -> str:
    return point_id(WHO, _document(n), 1, n % PER_DOCUMENT)


if __name__ == "__main__":
    main()
