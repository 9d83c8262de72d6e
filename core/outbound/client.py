"""The one outbound HTTP client. It resolves a name once, checks every answer, and connects to a checked address, so
that neither a private address nor a second, different DNS answer (rebinding) can be reached."""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore
import httpx

from core.errors import Forbidden, Unavailable
from core.outbound.addresses import Address, is_public

Resolver = Callable[[str, int], Sequence[str]]


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses of `host`, in the order the system prefers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedBackend(httpcore.NetworkBackend):
    """Opens TCP connections to checked addresses only."""

    def __init__(self, allowed_hosts: Iterable[str], resolver: Resolver = system_resolver) -> None:
        self._allowed = {host.lower() for host in allowed_hosts}
        self._resolver, self._inner = resolver, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return self._inner.connect_tcp(self._address(host, port), port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise Forbidden("Unix sockets are not called.", code="ADDRESS_NOT_ALLOWED")

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)

    def _address(self, host: str, port: int) -> str:
        try:
            answers = [str(ipaddress.ip_address(host.strip("[]")))]
        except ValueError:
            try:
                answers = list(self._resolver(host, port))
            except OSError:
                raise httpcore.ConnectError(f"{host} does not resolve") from None
        if not answers:
            raise httpcore.ConnectError(f"{host} does not resolve")
        if host.lower() not in self._allowed:
            for answer in answers:
                check_public(ipaddress.ip_address(answer.split("%")[0]), host)
        return answers[0]


def check_public(address: Address, host: str) -> None:
    """Raise `Forbidden` for private, loopback, link-local, metadata and other special addresses."""
    if not is_public(address):
        raise Forbidden(
            f"{host} has an address that is not public. An operator can allow it in INSYDR_OUTBOUND_ALLOWED_HOSTS.",
            code="ADDRESS_NOT_ALLOWED",
        )


class GuardedTransport(httpx.HTTPTransport):
    """httpx over `GuardedBackend`; certificates are checked, the environment's proxies are not used."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        super().__init__(trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=50,
            max_keepalive_connections=10,
            keepalive_expiry=30,
            network_backend=backend,
        )


def guarded_client(
    allowed_hosts: Iterable[str], *, timeout_s: float, resolver: Resolver = system_resolver
) -> httpx.Client:
    """A client that follows no redirects by itself: whoever follows one checks it like a new URL."""
    backend = GuardedBackend(allowed_hosts, resolver)
    return httpx.Client(transport=GuardedTransport(backend), timeout=timeout_s, follow_redirects=False, trust_env=False)


def unavailable(service: str, error: httpx.HTTPError) -> Unavailable:
    """What a caller is told when an outbound request failed."""
    return Unavailable(f"{service} did not answer ({type(error).__name__}). Try again in a moment.")
