"""Small material for retrieval tests: passages, a searcher over the exact store, a local OpenAI-style server."""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from core.embedding.fake import FakeEmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.pipe_rows import column_names
from core.vectors.memory import MemoryVectorStore
from core.vectors.protocol import Point, Scope
from ingest.parsers.markdown import parse_markdown
from retrieval.passages import Block, BlockKind, Passage, StoredPassage
from retrieval.search import Searcher

WORKSPACE = "ws_1"


def stored(number: int, content: str, *, title: str = "Handbook", start: int = 0) -> StoredPassage:
    return StoredPassage(
        f"00000000-0000-0000-0000-{number:012d}", f"doc_{number}", None, "col_1", title, None, "en", 1, number, content,
        (), None, start, start + len(content),
    )  # fmt: skip


def passage(number: int, content: str, *, score: float = 1.0, start: int = 0) -> Passage:
    return Passage(stored(number, content, start=start), score, 0.6, 3.0)


def parsed(markdown: str, *, title: str = "Handbook", number: int = 1, score: float = 1.0) -> Passage:
    """A passage with its parts as parsing keeps them."""
    document = parse_markdown(markdown.encode(), "x.md")
    blocks = tuple(
        Block(
            BlockKind(one.kind), one.start, one.end, one.level,
            column_names(document.text[one.start : one.header_end]) if one.header_end else (), one.header_end or 0,
        )
        for one in document.elements
    )  # fmt: skip
    return Passage(replace(stored(number, document.text, title=title), blocks=blocks), score, 0.6, 3.0)


class Passages:
    """`PassageStore` over a list."""

    def __init__(self, rows: Sequence[StoredPassage]) -> None:
        self._rows = {row.chunk_id: row for row in rows}

    def load(self, _scope: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        return {key: self._rows[key] for key in chunk_ids if key in self._rows}

    def replaced(self, _scope: Scope, versions: Mapping[str, int]) -> bool:
        live = {row.document_id: row.version for row in self._rows.values()}
        return any(live.get(document, 0) > version for document, version in versions.items())


def points(rows: Sequence[StoredPassage]) -> list[Point]:
    """The rows as they stand in the index."""
    model, sparse = FakeEmbeddingModel(), SparseEncoder()
    return [
        Point(
            row.chunk_id, WORKSPACE, row.collection_id, row.document_id, row.version, row.chunk_index, "en",
            {model.name: model.embed_query(row.content)}, sparse.encode_passage(row.content, "en"),
        )
        for row in rows
    ]  # fmt: skip


def searcher(rows: Sequence[StoredPassage]) -> Searcher:
    store = MemoryVectorStore()
    store.upsert(points(rows))
    return Searcher(store, FakeEmbeddingModel(), SparseEncoder())


class FakeLlm:
    """What the local endpoint does: pieces to stream, a pause before each, or a status to fail with."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.pause_s = 0.0
        self.status = 200
        self.requests: list[dict[str, object]] = []
        self.left = threading.Event()  # the client gave up


@contextmanager
def llm_server() -> Iterator[tuple[str, FakeLlm]]:
    """An OpenAI-style streaming endpoint on loopback."""
    plan = FakeLlm()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            plan.requests.append(json.loads(body))
            self.send_response(plan.status)
            self.send_header("Content-Type", "text/event-stream" if plan.status == 200 else "application/json")
            self.end_headers()
            if plan.status != 200:
                self.wfile.write(b'{"error": {"message": "no"}}')
                return
            for piece in plan.pieces:
                time.sleep(plan.pause_s)
                delta = {"role": "assistant", "content": piece}
                event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                         "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}  # fmt: skip
                try:
                    self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                    self.wfile.flush()
                except OSError:
                    plan.left.set()
                    return
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", plan
    finally:
        server.shutdown()
        server.server_close()
