"""Peers that send too much, too little or nothing: each costs a connection for a moment, and nobody else anything."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.support.client import Shape, Workspace
from tests.support.installation import quick_settings, running

SOON_S = 10


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shape]:
    """Patience of half a second."""
    settings = quick_settings(tmp_path_factory.mktemp("strict"), head_timeout_s=0.5, body_idle_s=0.5)
    with running("strict", settings) as shape:
        yield shape


@pytest.fixture(scope="module")
def workspace(strict: Shape) -> Workspace:
    return strict.sign_up().workspace()


@contextmanager
def dialled(shape: Shape) -> Iterator[socket.socket]:
    url = urlsplit(str(shape.http.base_url))
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=SOON_S) as sock:
        yield sock


def everything(sock: socket.socket) -> bytes:
    """Until the server closes; fails after a while."""
    found = b""
    try:
        while block := sock.recv(65_536):
            found += block
    except ConnectionResetError:
        pass
    return found


def head(workspace: Workspace, path: str, *lines: str, token: str | None = None) -> bytes:
    bearer = workspace.token if token is None else token
    first = f"POST /api/v1/workspaces/{workspace.id}{path} HTTP/1.1"
    auth = [f"Authorization: Bearer {bearer}"] if bearer else []
    return "\r\n".join([first, "Host: x", *auth, *lines, "", ""]).encode()


class TestHeads:
    def test_a_large_one_is_refused(self, strict: Shape) -> None:
        with dialled(strict) as sock:
            sock.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 66_000)
            assert everything(sock).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))

    @pytest.mark.parametrize("sent", [b"", b"GET /livez HTTP/1.1\r\nHost:"])
    def test_one_that_does_not_end_is_given_up(self, strict: Shape, sent: bytes) -> None:
        with dialled(strict) as sock:
            sock.sendall(sent)
            assert everything(sock).startswith(b"HTTP/1.1 408")

    def test_one_that_trickles_is_given_up(self, strict: Shape) -> None:
        with dialled(strict) as sock:
            sock.sendall(b"GET /livez HTTP/1.1\r\n")
            began = time.monotonic()
            try:
                while time.monotonic() - began < SOON_S:
                    sock.sendall(b"X: y\r\n")
                    time.sleep(0.1)
            except OSError:
                pass
            assert time.monotonic() - began < SOON_S


class TestBodies:
    def test_one_that_stops_is_given_up(self, workspace: Workspace) -> None:
        with dialled(workspace.shape) as sock:
            sock.sendall(head(workspace, "/collections", "Content-Type: application/json", "Content-Length: 99") + b"{")
            answer = everything(sock)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b'"REQUEST_TIMEOUT"' in answer

    def test_a_slow_one_that_goes_on_is_taken(self, workspace: Workspace) -> None:
        body = b'{"name": "' + b"slow" * 40 + b'"}'
        with dialled(workspace.shape) as sock:
            length = f"Content-Length: {len(body)}"
            sock.sendall(head(workspace, "/collections", "Content-Type: application/json", length, "Connection: close"))
            for part in (body[:60], body[60:120], body[120:]):
                time.sleep(0.25)
                sock.sendall(part)
            assert everything(sock).startswith(b"HTTP/1.1 201")

    def test_one_for_a_route_that_reads_none_ends_too(self, strict: Shape) -> None:
        with dialled(strict) as sock:
            sock.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
            began = time.monotonic()
            try:
                while time.monotonic() - began < SOON_S:
                    sock.sendall(b"x")
                    time.sleep(0.1)
            except OSError:
                pass
            assert time.monotonic() - began < SOON_S


class TestStrangers:
    """Their bodies are not read: the answer comes after the head."""

    UPLOAD = ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 6000000")

    @pytest.mark.parametrize("path", ["/documents", "/documents/batch?collection_id=c", "/collections"])
    @pytest.mark.parametrize("extra", [(), ("Idempotency-Key: k",)])
    def test_without_credentials(self, workspace: Workspace, path: str, extra: tuple[str, ...]) -> None:
        lines = (*self.UPLOAD[:1], "Content-Length: 3000000", *extra)
        answer = answered(workspace, head(workspace, path, *lines, token=""))
        assert answer.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in answer.lower()

    def test_of_another_workspace(self, workspace: Workspace) -> None:
        theirs = workspace.shape.sign_up("Eve").workspace()
        assert answered(workspace, head(theirs, "/documents", *self.UPLOAD, token=workspace.token)).startswith(
            b"HTTP/1.1 404"
        )

    def test_who_may_only_read(self, workspace: Workspace) -> None:
        body = {"name": "r", "kind": "secret", "permissions": ["documents:read"]}
        key = workspace.post("/api-keys", json=body).json()["key"]
        assert answered(workspace, head(workspace, "/documents", *self.UPLOAD, token=key)).startswith(b"HTTP/1.1 403")

    def test_the_answer_arrives_while_they_send(self, workspace: Workspace) -> None:
        with dialled(workspace.shape) as sock:
            sock.sendall(head(workspace, "/documents", *self.UPLOAD, token=""))
            try:
                for _ in range(50):
                    sock.sendall(b"x" * 100_000)
            except OSError:
                pass  # the server has closed
            assert everything(sock).startswith(b"HTTP/1.1 401")


def answered(workspace: Workspace, sent: bytes) -> bytes:
    with dialled(workspace.shape) as sock:
        sock.sendall(sent)
        return everything(sock)
