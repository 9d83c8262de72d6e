"""Which pages a public key works from: the `Origin` of a request against the domains of the key (RFC 6454).

A domain without a port is that host on the port of the scheme; `*.example.com` is any host below it, not itself; `*`
any origin. Opaque origins (`null`) come from sandboxed frames and files, which anybody can make: never.
"""

import re
import threading
import time
from collections.abc import Iterable, Sequence

from core.database import Database
from domain.api_keys.repository import public_domains

ANY = "*"
FRESH_S, AGAIN_S = 10.0, 1.0  # how old what is known may be; where the origin is not among it
_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]{1,253})(?::(\d{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_LOOPBACK = ("localhost", "127.0.0.1")


def is_allowed(origin: str | None, domains: Sequence[str], *, localhost: bool = False) -> bool:
    """Whether a page of `origin` may use a key with these domains; with `localhost` those of one's own machine, too.

    Without an origin, as programs are, only a key for any is allowed.
    """
    if origin is None:
        return ANY in domains
    found = _ORIGIN.fullmatch(origin.lower())
    if found is None:
        return False
    scheme, host, port = found.groups()
    port = port or _DEFAULT_PORTS[scheme]
    if localhost and host in _LOOPBACK:
        return True
    return any(_covers(domain, host, port, _DEFAULT_PORTS[scheme]) for domain in domains)


def _covers(domain: str, host: str, port: str, default_port: str) -> bool:
    if domain == ANY:
        return True
    name, _, wanted = domain.partition(":")
    if port != (wanted or default_port):
        return False
    return host.endswith(name[1:]) and host != name[1:] if name.startswith("*.") else host == name


class OriginBook:
    """What preflights are answered by: they name no key, so any active public key's domains do."""

    def __init__(self, database: Database, *, localhost: bool) -> None:
        self._database, self._localhost = database, localhost
        self._lock = threading.Lock()
        self._domains: frozenset[str] = frozenset()
        self._read_at = -FRESH_S

    def allows(self, origin: str | None) -> bool:
        if origin is None:
            return False
        if is_allowed(origin, self._known(FRESH_S), localhost=self._localhost):
            return True
        return is_allowed(origin, self._known(AGAIN_S), localhost=self._localhost)

    def _known(self, fresh_s: float) -> tuple[str, ...]:
        with self._lock:
            if time.monotonic() - self._read_at > fresh_s:
                with self._database.read() as session:
                    self._domains = frozenset(_flat(public_domains(session)))
                self._read_at = time.monotonic()
            return tuple(self._domains)


def _flat(lists: Iterable[Sequence[str]]) -> Iterable[str]:
    return (domain for domains in lists for domain in domains)
