"""What a webhook may say: its URL, events, headers and retries."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from core.errors import Forbidden, InvalidInput
from core.outbound.client import GuardedBackend
from core.outbound.headers import is_header
from core.strict_model import unknown_name
from domain.events.catalogue import EVENTS

RETRY_DELAYS_S = (30, 300, 1_800, 7_200)  # CONTRACT: 30 s, 5 min, 30 min, 2 h
LONGEST_DELAY_S = 86_400
MOST_RETRIES = 10
MOST_HEADERS = 20
# they belong to the exchange itself, or are ours to set
_RESERVED = frozenset(
    "accept accept-encoding connection content-encoding content-length content-type expect host keep-alive "
    "proxy-authorization proxy-connection te trailer transfer-encoding upgrade user-agent webhook-id webhook-signature "
    "webhook-timestamp x-insydr-signature x-voxforge-signature x-insydr-signature-previous "
    "x-voxforge-signature-previous".split()
)
_OURS = "x-webhook-"
_SECRET = re.compile(r"authorization|cookie|credential|key|password|secret|session|signature|token", re.IGNORECASE)
# last labels that lead home: this machine (RFC 6761 §6.3), and numbers, which are addresses in other clothes (WHATWG
# URL, “ends in a number checker”)
_NO_NAME = re.compile(r"localhost|\d+|0x[0-9a-f]*")
MASK = "••••"


def check_url(url: str, backend: GuardedBackend) -> None:
    """https, or http to hosts that the operator allows; no address that is not public; no secrets in it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidInput("This is not a URL.", field="url") from None
    if not host or parts.scheme not in ("https", "http") or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput("url must be a plain https:// URL.", field="url")
    if parts.username or parts.password:
        raise InvalidInput("A URL with a password is shown in many places: send a header instead.", field="url")
    if backend.is_allowed(host):
        return
    if parts.scheme != "https":
        raise InvalidInput("url must begin with https://.", field="url", code="HTTPS_REQUIRED")
    _check_host(host, backend)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port (RFC 6454 §4) of a URL that was checked."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def _check_host(host: str, backend: GuardedBackend) -> None:
    try:
        backend.check_literal(host)
    except Forbidden as error:
        raise InvalidInput(error.message, field="url", code="ADDRESS_NOT_ALLOWED") from None
    if not _is_address(host) and _NO_NAME.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        raise InvalidInput("url must name a host on the public internet.", field="url", code="ADDRESS_NOT_ALLOWED")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def check_events(event_types: Sequence[str]) -> list[str]:
    """Each once, in the order given."""
    for name in event_types:
        if EVENTS.get(name) is None:
            message = unknown_name("event type", name, EVENTS.names())
            raise InvalidInput(message, field="event_types", code="UNKNOWN_EVENT_TYPE")
    if not event_types:
        raise InvalidInput("Name at least one event type.", field="event_types")
    return list(dict.fromkeys(event_types))


def check_headers(headers: Mapping[str, str]) -> None:
    if len(headers) > MOST_HEADERS:
        raise InvalidInput(f"At most {MOST_HEADERS} headers are sent along.", field="headers")
    names = [name.lower() for name in headers]
    for name, value in headers.items():
        if name.lower() in _RESERVED or name.lower().startswith(_OURS):
            raise InvalidInput("This header is ours to set.", field=f"headers.{name[:80]}", code="HEADER_RESERVED")
        if not is_header(name, value) or names.count(name.lower()) > 1:
            raise InvalidInput("This header cannot be sent along.", field=f"headers.{name[:80]}")


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """As they may be shown: what looks like a secret is masked."""
    return {name: MASK if _SECRET.search(name) else value for name, value in headers.items()}


def check_delays(delays_s: Sequence[int]) -> None:
    if len(delays_s) > MOST_RETRIES or not all(1 <= delay <= LONGEST_DELAY_S for delay in delays_s):
        raise InvalidInput(
            f"retry_delays_s takes up to {MOST_RETRIES} numbers of seconds, each 1 to {LONGEST_DELAY_S}.",
            field="retry_delays_s",
        )
