"""The installations that are rehearsed: embedded in one process; scaled out as a server and workers with a database,
a broker, a vector store and a blob store behind connections that can be cut."""

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from evals.faults.processes import PATIENCE_S, Child, Proxy, free_port, listens, wait_for_port
from evals.faults.services import QDRANT

FAULTY_PROGRAM = "evals.faults.installation"
QUICK = {
    "INSYDR_LEASE_S": "4", "INSYDR_SWEEP_EVERY_S": "0.5", "INSYDR_MAX_ATTEMPTS": "1000",
    "INSYDR_EMBEDDING_MODEL": "fake", "INSYDR_LOG_LEVEL": "WARNING", "INSYDR_PARSER_PROCESSES": "1",
    "INSYDR_RECONCILE_EVERY_H": "0", "INSYDR_VERSION_RETENTION_DAYS": "0", "INSYDR_PLAN_DEFAULT": "ENTERPRISE",
    "INSYDR_CONFIG": os.devnull, "INSYDR_MIN_FREE_DISK_MB": "0",
}  # fmt: skip


@dataclass
class Shape:
    """A running installation. `lines` are the connections that can be cut, by what they lead to."""

    name: str
    url: str
    server: Child
    workers: list[Child]
    folder: Path
    lines: dict[str, Proxy] = field(default_factory=dict)
    broker_url: str | None = None
    options: tuple[str, ...] = ()
    faults: Callable[[Child], tuple[str, ...]] | None = None  # further options of a process that is started

    @property
    def faulty(self) -> Child:
        """The process whose death is rehearsed: it runs the jobs."""
        return self.workers[0] if self.workers else self.server

    def start(self, child: Child, *options: str) -> None:
        child.start(*self.options, *options, *(self.faults(child) if self.faults else ()))

    def up(self) -> None:
        """Start whatever does not run, until the server listens: one that is to die may do so before."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            for child in [self.server, *self.workers]:
                if not child.runs:
                    self.start(child)
            if listens(urlsplit(self.url).port or 0):
                return
            if time.monotonic() > ends:
                raise TimeoutError(f"the server does not start: see {self.folder / 'server.log'}")
            time.sleep(0.05)


@contextmanager
def embedded(folder: Path, *, pace_s: float = 0.01, settings: dict[str, str] | None = None) -> Iterator[Shape]:
    """SQLite, workers in the server, Qdrant's engine, a folder."""
    port = free_port()
    environment = {**_environment(folder, port), **(settings or {})}
    server = Child([FAULTY_PROGRAM, "serve"], environment, folder / "server.log")
    shape = Shape("embedded", f"http://127.0.0.1:{port}", server, [], folder, options=("--pace", str(pace_s)))
    shape.up()
    try:
        yield shape
    finally:
        server.stop()


@contextmanager
def scaled(
    folder: Path,
    postgres_url: str,
    broker_url: str,
    *,
    workers: int = 2,
    pace_s: float = 0.01,
    settings: dict[str, str] | None = None,
    real_parser: bool = False,
    program: str = FAULTY_PROGRAM,
) -> Iterator[Shape]:
    """PostgreSQL, a broker, Qdrant over HTTP (a server named by INSYDR_TEST_QDRANT_URL, else the stand-in), S3 (moto).

    `program` is the module that is run: the installation whose parts can fail, or the command line that users run.
    """
    with ExitStack() as stack:
        lines = {"database": _line(stack, postgres_url), "broker": _line(stack, broker_url)}
        lines["vectors"] = _line(stack, QDRANT or _standin(stack, folder))
        lines["blobs"] = _line(stack, _s3(stack))
        port = free_port()
        environment = {
            **_environment(folder, port), "INSYDR_SECRET_KEY": secrets.token_hex(24),
            "INSYDR_DATABASE_URL": _through(postgres_url, lines["database"]),
            "INSYDR_BROKER_URL": _through(broker_url, lines["broker"]),
            "INSYDR_QDRANT_URL": f"http://127.0.0.1:{lines['vectors'].port}",
            "INSYDR_QDRANT_COLLECTION": f"rehearsal-{secrets.token_hex(4)}",
            "INSYDR_BLOB_URL": "s3://rehearsal", "INSYDR_S3_ENDPOINT_URL": f"http://127.0.0.1:{lines['blobs'].port}",
            "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1", **(settings or {}),
        }  # fmt: skip
        server = Child([program, "serve"], environment, folder / "server.log")
        hands = [Child([program, "worker"], environment, folder / f"worker-{n}.log") for n in range(workers)]
        options = ("--pace", str(pace_s), *(["--real-parser"] if real_parser else []))
        shape = Shape(
            "scaled",
            f"http://127.0.0.1:{port}",
            server,
            hands,
            folder,
            lines,
            broker_url,
            options if program == FAULTY_PROGRAM else (),
        )
        shape.up()
        try:
            yield shape
        finally:
            for child in [*hands, server]:
                child.stop()


def _environment(folder: Path, port: int) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("INSYDR_")}
    return {**plain, **QUICK, "INSYDR_DATA_DIR": str(folder / "data"), "INSYDR_PORT": str(port)}


def _line(stack: ExitStack, url: str) -> Proxy:
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or {"http": 80, "redis": 6379}.get(parts.scheme, 5432))
    stack.callback(proxy.cut)
    return proxy


def _through(url: str, proxy: Proxy) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{user + '@' if user else ''}127.0.0.1:{proxy.port}").geturl()


def _standin(stack: ExitStack, folder: Path) -> str:
    port = free_port()
    child = Child(
        ["evals.faults.qdrant_standin", str(port), str(folder / "qdrant")], dict(os.environ), folder / "qdrant.log"
    )
    child.start()
    stack.callback(child.kill)
    wait_for_port(port)
    return f"http://127.0.0.1:{port}"


def _s3(stack: ExitStack) -> str:
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    stack.callback(server.stop)
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x",
        region_name="us-east-1",
    )  # fmt: skip
    client.create_bucket(Bucket="rehearsal")
    return url
