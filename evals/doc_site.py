"""A folder of pages served on loopback by a process of its own, which records what it was asked.

python -m evals.doc_site FOLDER RECORD prints its port. RECORD gets a line a request: status, condition, path.
"""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DocSite:
    url: str
    record: Path

    def forget(self) -> None:
        self.record.write_text("")

    def asked(self) -> list[tuple[int, bool, str]]:
        """Status, whether the request was conditional, and path, in order."""
        lines = (line.split(" ", 2) for line in self.record.read_text().splitlines())
        return [(int(status), condition == "if", path) for status, condition, path in lines]

    def statuses(self) -> dict[int, int]:
        return dict(Counter(status for status, _, _ in self.asked()))


@contextmanager
def serving(folder: Path, record: Path) -> Iterator[DocSite]:
    record.write_text("")
    command = [sys.executable, "-m", "evals.doc_site", str(folder), str(record)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield DocSite(f"http://127.0.0.1:{process.stdout.readline().strip()}/", record)
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    folder, record = Path(sys.argv[1]), Path(sys.argv[2])

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]  # as the server calls it

        def do_GET(self) -> None:
            """An ETag of the content; the base class answers If-Modified-Since, but dates are too coarse for edits."""
            path = Path(self.translate_path(self.path))
            path = path / "index.html" if path.is_dir() else path
            if not path.is_file():
                self._answer(404, b"", None)
                return
            body = path.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            is_known = self.headers.get("If-None-Match") == tag
            self._answer(304 if is_known else 200, b"" if is_known else body, tag, self.guess_type(str(path)))

        def log_message(self, *_: object) -> None: ...

        def _answer(self, status: int, body: bytes, tag: str | None, kind: str = "text/html") -> None:
            with record.open("a") as log:
                log.write(f"{status} {'if' if self.headers.get('If-None-Match') else '-'} {self.path}\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if tag is not None:
                self.send_header("ETag", tag)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
