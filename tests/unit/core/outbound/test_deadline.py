"""A server that drips holds nobody longer than the whole exchange may take."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from core.outbound.client import guarded_client
from core.outbound.deadline import within

HEAD = b"HTTP/1.1 200 OK\r\n"
READY = HEAD + b"content-length: 2\r\n\r\nok"
WAIT_S = 5.0  # of a server that would never end


@contextmanager
def dripping(first: bytes, drop: bytes) -> Iterator[tuple[str, threading.Event]]:
    """Answers with `first`, then with one `drop` after the other until its client leaves; the event says that it did.

    A request for /ready is answered at once.
    """
    left = threading.Event()

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                while b"/ready" in connection.recv(65_536):
                    connection.sendall(READY)
                connection.sendall(first)
                for _ in range(int(WAIT_S / 0.02)):
                    connection.sendall(drop)
                    left.wait(0.02)
            except OSError:
                left.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", left
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with guarded_client(["127.0.0.1"], timeout_s=2) as client:
        yield client


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b"H"),
        (HEAD, b"x-more: and more\r\n"),
        (HEAD + b"content-length: 100000\r\n\r\n", b"."),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n.\r\n"),
    ],
)
def test_what_drips_is_left(client: httpx.Client, first: bytes, drop: bytes) -> None:
    with dripping(first, drop) as (url, left):
        with pytest.raises((httpx.ReadTimeout, httpx.RemoteProtocolError)) as caught, within(0.3):
            client.get(url)
        assert left.wait(WAIT_S), "the server is still sent to"
        if first:
            assert isinstance(caught.value, httpx.ReadTimeout)


def test_a_kept_connection_knows_the_next_request_s_own_end(client: httpx.Client) -> None:
    with dripping(b"", b"H") as (url, _):
        with within(60):
            client.get(f"{url}/ready")
        with pytest.raises((httpx.ReadTimeout, httpx.RemoteProtocolError)), within(0.3):
            client.get(url)


def test_without_one_nothing_ends(client: httpx.Client) -> None:
    with dripping(b"", b"H") as (url, _):
        with within(0):
            pass
        assert client.get(f"{url}/ready").text == "ok"


def test_nothing_begins_after_the_end(client: httpx.Client) -> None:
    with dripping(b"", b"H") as (url, _), pytest.raises(httpx.TimeoutException), within(0):
        client.get(f"{url}/ready")
