"""The one outbound HTTP client. It resolves a name once, checks every answer, and connects to a checked address, so
that neither a private address nor a second, different DNS answer (rebinding) can be reached."""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import httpcore
import httpx
import structlog

from core.errors import Forbidden
from core.outbound.addresses import Address, is_public
from core.outbound.deadline import BoundedStream, left

log = structlog.get_logger()
UNRESOLVED = "does not resolve to a public address"
Resolver = Callable[[str, int], Sequence[str]]


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses of `host`, in the order the system prefers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


CONNECTIONS = 50  # of one client, at once


class GuardedBackend(httpcore.NetworkBackend):
    """Opens TCP connections to checked addresses only."""

    def __init__(self, allowed_hosts: Iterable[str], resolver: Resolver = system_resolver) -> None:
        self._allowed = set(map(_spelling, allowed_hosts))
        self._resolver, self._inner = resolver, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = self.checked_address(host, port)
        timeout = left(timeout, httpcore.ConnectTimeout)
        return BoundedStream(self._inner.connect_tcp(address, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise Forbidden("Unix sockets are not called.", code="ADDRESS_NOT_ALLOWED")

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)

    def is_allowed(self, host: str) -> bool:
        """Whether the operator allows this host, whatever its address."""
        return _spelling(host) in self._allowed

    def check_literal(self, host: str) -> None:
        """Raise `Forbidden` for an address, written as such, that is not public. What a name leads to shows later."""
        literal = _literal(host)
        if literal is not None and not self.is_allowed(host):
            check_public(literal, host)

    def checked_address(self, host: str, port: int) -> str:
        """The address to connect to: one that is public, or of a host that the operator allows.

        Raises `Forbidden` for another address, and `httpcore.ConnectError` for a name, whether it has no address or
        one that is not public: the difference would tell which names exist inside. It is in the operator's log.
        """
        self.check_literal(host)
        literal = _literal(host)
        if literal is not None:
            return str(literal)
        allowed = self.is_allowed(host)
        answers = self._addresses(host, port)
        hidden = [] if allowed else [answer for answer in answers if not is_public(answer)]
        if hidden:
            log.warning("outbound_address_refused", host=host, address=str(hidden[0]))
        if hidden or not answers:
            raise httpcore.ConnectError(f"{host} {UNRESOLVED}")
        return str(answers[0])

    def _addresses(self, host: str, port: int) -> list[Address]:
        """Of a name; only what was parsed is connected to: other words would be resolved once more."""
        try:
            return [ipaddress.ip_address(answer) for answer in self._resolver(host, port)]
        except (OSError, ValueError):  # an answer that is no address; a label that is empty or too long (UnicodeError)
            return []


def _literal(host: str) -> Address | None:
    """The address that is written as `host`; None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _spelling(host: str) -> str:
    """One spelling of each host: lower case, A-labels, without brackets and the root's dot, addresses shortened."""
    host = host.strip("[]").lower().removesuffix(".")
    literal = _literal(host)
    if literal is not None:
        return str(literal)
    try:
        return host if host.isascii() else httpx.URL(scheme="http", host=host).raw_host.decode("ascii")
    except httpx.InvalidURL:
        return host  # no URL can name it


def check_public(address: Address, host: str) -> None:
    """Raise `Forbidden` for private, loopback, link-local, metadata and other special addresses."""
    if not is_public(address):
        raise Forbidden(
            f"{host} has an address that is not public. An operator can allow it in INSYDR_OUTBOUND_ALLOWED_HOSTS.",
            code="ADDRESS_NOT_ALLOWED",
        )


@cache
def tls_context() -> ssl.SSLContext:
    """One for all clients: to read the authorities takes 20 ms."""
    return ssl.create_default_context()


class GuardedTransport(httpx.HTTPTransport):
    """httpx over `GuardedBackend`; certificates are checked, the environment's proxies are not used."""

    def __init__(self, backend: httpcore.NetworkBackend, connections: int = CONNECTIONS) -> None:
        context = tls_context()
        super().__init__(verify=context, trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=10,
            keepalive_expiry=30,
            network_backend=backend,
        )


class GuardedClient(httpx.Client):
    """Hosts that are broken A-labels (`xn--`) make httpx raise what is no error of its own; here they are."""

    def build_request(self, *args: Any, **options: Any) -> httpx.Request:
        try:
            return super().build_request(*args, **options)
        except UnicodeError as error:
            raise httpx.InvalidURL(f"Invalid host name: {error}") from None

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            return super().send(request, **options)
        except UnicodeError as error:  # in a redirect's target, which is prepared though it is not followed
            raise httpx.RemoteProtocolError(f"Invalid host name in Location: {error}", request=request) from None


def guarded_client(
    allowed_hosts: Iterable[str],
    *,
    timeout_s: float,
    resolver: Resolver = system_resolver,
    connections: int = CONNECTIONS,
) -> httpx.Client:
    """A client that follows no redirects by itself: whoever follows one checks it like a new URL."""
    transport = GuardedTransport(GuardedBackend(allowed_hosts, resolver), connections)
    return GuardedClient(transport=transport, timeout=timeout_s, follow_redirects=False, trust_env=False)
