"""A stand-in for a Qdrant server where none is to be had: the part of its REST interface that `QdrantVectorStore`
uses, over `qdrant_client`'s local mode. Slow and for tests and rehearsals only; it keeps its points in a folder, so
it can be killed and started again.

    python -m evals.faults.qdrant_standin PORT FOLDER
"""

import json
import re
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Reply = Callable[[Any, str, dict[str, Any]], Any]


def main(arguments: list[str]) -> None:
    from qdrant_client import QdrantClient

    port, folder = arguments
    client = QdrantClient(path=str(Path(folder)))
    _Handler.client = client
    ThreadingHTTPServer(("127.0.0.1", int(port)), _Handler).serve_forever()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    client: Any = None
    lock = threading.Lock()  # local mode knows no threads

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *args: Any) -> None:
        """Silent."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = re.fullmatch(r"/collections/([^/?]+)(/[^?]*)?(?:\?.*)?", self.path)
        reply = _REPLIES.get((self.command, (path[2] or "") if path else "?"))
        if path is None or reply is None:
            self._send(404, {"status": {"error": f"no {self.command} {self.path} here"}})
            return
        try:
            with self.lock:
                result = reply(self.client, path[1], json.loads(body or b"{}"))
        except Exception as error:  # local mode raises all kinds; to the client each is a bad request
            self._send(400, {"status": {"error": f"{type(error).__name__}: {error}"}})
            return
        self._send(200, {"result": result, "status": "ok", "time": 0.0})

    def _send(self, status: int, content: Any) -> None:
        raw = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _create(client: Any, name: str, body: dict[str, Any]) -> bool:
    from qdrant_client import models

    wanted = models.CreateCollection.model_validate(body)
    client.create_collection(name, vectors_config=wanted.vectors, sparse_vectors_config=wanted.sparse_vectors)
    return True


def _upsert(client: Any, name: str, body: dict[str, Any]) -> dict[str, Any]:
    from qdrant_client import models

    client.upsert(name, models.PointsList.model_validate(body).points)
    return {"operation_id": 0, "status": "completed"}


def _delete(client: Any, name: str, body: dict[str, Any]) -> dict[str, Any]:
    from qdrant_client import models

    client.delete(name, models.FilterSelector.model_validate(body))
    return {"operation_id": 0, "status": "completed"}


def _query(client: Any, name: str, body: dict[str, Any]) -> Any:
    from qdrant_client import models

    found = client.query_batch_points(name, models.QueryRequestBatch.model_validate(body).searches)
    return [answer.model_dump(mode="json") for answer in found]


def _scroll(client: Any, name: str, body: dict[str, Any]) -> dict[str, Any]:
    from qdrant_client import models

    asked = models.ScrollRequest.model_validate(body)
    records, offset = client.scroll(
        name, asked.filter, limit=asked.limit or 10, offset=asked.offset,
        with_payload=asked.with_payload or False, with_vectors=asked.with_vector or False,
    )  # fmt: skip
    return {"points": [record.model_dump(mode="json") for record in records], "next_page_offset": offset}


def _count(client: Any, name: str, body: dict[str, Any]) -> Any:
    from qdrant_client import models

    return client.count(name, models.CountRequest.model_validate(body).filter, exact=True).model_dump(mode="json")


def _facet(client: Any, name: str, body: dict[str, Any]) -> Any:
    from qdrant_client import models

    asked = models.FacetRequest.model_validate(body)
    return client.facet(name, asked.key, limit=asked.limit or 10, exact=True).model_dump(mode="json")


_REPLIES: dict[tuple[str, str], Reply] = {
    ("GET", "/exists"): lambda client, name, _: {"exists": client.collection_exists(name)},
    ("GET", ""): lambda client, name, _: client.get_collection(name).model_dump(mode="json"),
    ("PUT", ""): _create,
    ("PUT", "/index"): lambda *_: {"operation_id": 0, "status": "completed"},
    ("PUT", "/points"): _upsert,
    ("POST", "/points/delete"): _delete,
    ("POST", "/points/query/batch"): _query,
    ("POST", "/points/scroll"): _scroll,
    ("POST", "/points/count"): _count,
    ("POST", "/facet"): _facet,
}

if __name__ == "__main__":
    main(sys.argv[1:])
