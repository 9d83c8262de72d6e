"""Processes that die and are started again, and connections that can be cut."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 60.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens on loopback."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_for_port(port: int) -> None:
    """Until somebody listens on loopback."""
    ends = time.monotonic() + PATIENCE_S
    while not listens(port):
        if time.monotonic() > ends:
            raise TimeoutError(f"nobody listens on port {port}")
        time.sleep(0.05)


class Child:
    """One process of the installation; its output goes to a file."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._arguments, self._environment, self._log = arguments, environment, log
        self._process: subprocess.Popen[bytes] | None = None
        self.deaths = 0  # by its own hand or ours, seen when it is started again

    def start(self, *options: str) -> None:
        root = str(Path(__file__).resolve().parents[2])
        environment = {**self._environment, "PYTHONPATH": root}
        if self._process is not None and self._process.poll() == -signal.SIGKILL:
            self.deaths += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._arguments, *options], env=environment, stdout=log, stderr=log, cwd=root
            )

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self, timeout_s: float) -> int | None:
        """Its exit status; None when it lives on. A death by signal is negative."""
        assert self._process
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def send(self, number: signal.Signals) -> None:
        if self.runs:
            os.kill(self.pid, number)

    def kill(self) -> None:
        if self.runs:
            self.send(signal.SIGKILL)
            self.wait(10)

    def stop(self) -> None:
        """As an operator stops it."""
        if self.runs:
            self.send(signal.SIGTERM)
            if self.wait(30) is None:
                self.kill()


class Proxy:
    """A TCP connection to `target` that can be cut: then all ends see a server that is down."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.port = free_port()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.mend()

    def cut(self) -> None:
        """Refuse new connections and drop those there are."""
        listener, self._listener = self._listener, None
        if listener:
            # a blocked accept() does not notice a close
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            doomed, self._open = self._open, set()
        for sock in doomed:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def mend(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                if self._listener is not listener:
                    return
                continue
            server.settimeout(None)
            for sock in (client, server):  # as the two ends set it for themselves
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for sock in (source, sink):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._open.discard(sock)
