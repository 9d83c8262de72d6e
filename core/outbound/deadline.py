"""One bound for all that an exchange waits for. Other time-outs begin anew with each byte, so that a server which
drips its answer, or only its header, could hold a caller for ever."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

_END: ContextVar[float | None] = ContextVar("outbound_deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Requests of this thread end after `seconds` in all, with a time-out of httpx; sooner where somebody said so."""
    end, outer = time.monotonic() + seconds, _END.get()
    token = _END.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _END.reset(token)


class BoundedStream(httpcore.NetworkStream):
    """Looks at the deadline of whoever reads or writes: connections are kept for later requests."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return BoundedStream(
            self._inner.start_tls(ssl_context, server_hostname, left(timeout, httpcore.ConnectTimeout))
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def left(timeout: float | None, late: type[Exception]) -> float | None:
    """The seconds that one step may take; raises `late` when there are none."""
    end = _END.get()
    if end is None:
        return timeout
    rest = end - time.monotonic()
    if rest <= 0:
        raise late("The exchange took too long in all.")
    return rest if timeout is None else min(timeout, rest)
