"""HTTP connections of the server: uvicorn's over h11, which bounds a request's head (64 KiB), and what it lacks.

A head that does not end is given up (408, RFC 9110 §15.5.9); one that is answered before its body has come is closed so
that the answer arrives: a socket closed over unread bytes resets, and the client may lose what we said (RFC 9112 §9.6).
"""

import asyncio
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_BYTES = 64 * 1024
LINGER_S = 2.0
HEAD_SECONDS = 20.0  # where the settings say nothing
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def connection_class(head_s: float) -> type[H11Protocol]:
    """The protocol for uvicorn, which makes one a connection and hands over no settings of ours."""

    class Configured(Connection):
        head_seconds = head_s

    return Configured


class Connection(H11Protocol):
    head_seconds = HEAD_SECONDS
    _timer: asyncio.TimerHandle | None = None
    _lingers = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(cast(asyncio.Transport, _Transport(transport, self)))
        self._await_request()

    def data_received(self, data: bytes) -> None:
        if self._lingers:
            return
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_timer()
        else:  # a head that has not ended, or the rest of a body that nobody reads any more
            self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def closes_early(self) -> bool:
        """Whether the peer still sends; then it gets a moment to read what we said."""
        if self._lingers or self.cycle is None or self.conn.their_state is not h11.SEND_BODY:
            return self._lingers
        self._lingers = True
        self._stop_timer()
        self._timer = self.loop.call_later(LINGER_S, self.transport.abort)
        return True

    def _await_request(self) -> None:
        if self._timer is None and not self.transport.is_closing():
            self._timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if self.conn.our_state is h11.IDLE:
            self.transport.write(_TOO_SLOW)
        self.transport.abort() if self.conn.their_state is h11.SEND_BODY else self.transport.close()


class _Transport:
    """The connection's own, closed without losing the last words."""

    def __init__(self, inner: asyncio.Transport, connection: Connection) -> None:
        self._inner, self._connection, self._closing = inner, connection, False

    def close(self) -> None:
        self._closing = True
        if not self._connection.closes_early():
            self._inner.close()
        elif not self._inner.is_closing() and self._inner.can_write_eof():
            self._inner.write_eof()
            self._inner.resume_reading()

    def is_closing(self) -> bool:
        return self._closing or self._inner.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
