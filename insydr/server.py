"""The server: the HTTP application and, embedded, the workers beside it in one process."""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import uvicorn

from api.app import create_app
from api.state import ApiState
from core.errors import Conflict
from core.logs import configure_logs
from core.settings import Settings
from insydr.connections import HEAD_BYTES, connection_class
from insydr.data_folder import data_folder
from insydr.lock import ServerLock
from insydr.metrics import exposition
from insydr.parts import Installation

Ready = Callable[[Installation, str], None]
Build = Callable[[Settings], Installation]


def api_state(parts: Installation) -> ApiState:
    return ApiState(
        settings=parts.settings,
        database=parts.database,
        blobs=parts.blobs,
        keys=parts.keys,
        vault=parts.vault,
        limiter=parts.limiter,
        mailer=parts.mailer,
        logins=parts.logins,
        identity=parts.identity,
        search=lambda: parts.search,
        conversations=lambda: parts.conversations,
        engine=lambda: parts.engine,
        marker=lambda: parts.marker,
        key_usage=parts.key_usage,
        replies=parts.replies,
        web=parts.web,
        webhooks=lambda: parts.webhooks,
        health=parts.health,
        metrics=lambda: exposition(parts.database),
        operator_token=parts.operator_token,
    )


def serve(settings: Settings, ready: Ready | None = None, build: Build = Installation) -> None:
    """Serve until stopped; `ready` is called once requests are answered."""
    configure_logs(settings.log_level, as_json=settings.log_json)
    signal.signal(signal.SIGTERM, _leave)
    with listening(settings, build) as (parts, server, sock, url):
        server.on_ready = lambda: ready(parts, url) if ready else None
        server.run([sock])


def _leave(*_: object) -> NoReturn:
    """SIGTERM ends the process as SIGINT does, by an exception, so that all is closed; also where uvicorn, which
    catches it while it serves, raises it again. A second one must not cut that short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


@contextmanager
def background(settings: Settings) -> Iterator[tuple[Installation, str]]:
    """A server in a thread of this process, on a free port: what the CLI uses when none runs."""
    with listening(settings) as (parts, server, sock, url):
        started = threading.Event()
        server.on_ready = started.set
        thread = threading.Thread(target=server.run, args=([sock],), name="server", daemon=True)
        thread.start()
        started.wait(30)
        try:
            yield parts, url
        finally:
            server.should_exit = True
            thread.join(30)


@contextmanager
def listening(
    settings: Settings, build: Build = Installation
) -> Iterator[tuple[Installation, "_Server", socket.socket, str]]:
    """Everything built and bound, in the order that leaves nothing behind when a step fails."""
    folder = data_folder(settings)
    lock = ServerLock(folder) if settings.embedded else None
    parts = build(settings)
    try:
        sock = _bind(settings.host, settings.port)
        url = f"http://{settings.host}:{sock.getsockname()[1]}"
        state = api_state(parts)
        server = _Server(_config(state))
        server.on_stop = state.stop_streams
        if settings.embedded:
            parts.take_over()
        parts.start_relay()
        if settings.embedded:
            parts.start_work()
        parts.warm()
        if lock:
            lock.publish(url, parts.operator_token)
        with sock:
            yield parts, server, sock, url
    finally:
        parts.close()
        if lock:
            lock.release()


def _config(state: ApiState) -> uvicorn.Config:
    settings = state.settings
    return uvicorn.Config(
        create_app(state), log_config=None, access_log=False, timeout_graceful_shutdown=10,
        forwarded_allow_ips=settings.trusted_proxies or [], server_header=False, ws="none",
        http=connection_class(settings.head_timeout_s), h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=settings.keep_alive_s, limit_concurrency=settings.max_connections,
    )  # fmt: skip


class _Server(uvicorn.Server):
    """Says when it answers, and when it stops to."""

    on_ready: Callable[[], object] | None = None
    on_stop: Callable[[], object] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.on_ready:
            # in a thread: what it does may itself ask this server
            threading.Thread(target=self.on_ready, name="ready", daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.on_stop:
            self.on_stop()
        await super().shutdown(sockets)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise Conflict(
            f"Port {port} on {host} cannot be used ({error.strerror}). Set INSYDR_PORT to another one.",
            code="PORT_IN_USE",
        ) from None
    return sock
