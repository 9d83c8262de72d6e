"""One request to a receiver, and what came of it."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from core.clock import iso, utc_now
from core.errors import Forbidden
from core.outbound.client import UNRESOLVED
from core.outbound.deadline import within
from domain.events.registry import Dialect
from domain.webhooks.rules import shown_headers
from domain.webhooks.signing import signed

AGENT = "Insydr-Webhooks/1"
KEPT_BYTES = 4_096  # of a response
GONE = 410
CONNECTION_FAILED = "The connection failed: {}."


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whom to send to; `keys` sign, the first one's signature stands in the surface's own header."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    keys: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What to send. Its id is the receiver's to tell repetitions by."""

    delivery_id: str
    event_type: str
    dialect: Dialect
    body: bytes
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status_code` is None where no answer came; `retry_after_s` as the receiver asked."""

    sent_at: datetime
    latency_ms: int
    request_headers: dict[str, str]
    status_code: int | None = None
    error: str | None = None
    response: str | None = None
    retry_after_s: float | None = None
    timed_out: bool = False

    @property
    def accepted(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def body_of(event_type: str, happened_at: datetime, data: dict[str, Any]) -> bytes:
    """The same bytes for the same data, at every try."""
    whole = {"event": event_type, "timestamp": iso(happened_at), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def send(client: httpx.Client, receiver: Receiver, what: Outgoing, timeout_s: float) -> Outcome:
    """POST it; `timeout_s` is for the whole exchange. Of the response only the beginning is read."""
    sent_at, started = utc_now(), time.monotonic()
    ours = _headers(receiver, what, int(sent_at.timestamp()))
    shown = {**shown_headers(receiver.headers), **ours}
    found: dict[str, Any] = {}
    try:
        with within(timeout_s), client.stream(
            "POST", receiver.url, content=what.body, headers=_encoded({**receiver.headers, **ours})
        ) as answer:  # fmt: skip
            found = _answered(answer)
    except httpx.TimeoutException:
        found |= {"error": f"No whole answer within {timeout_s:g} s.", "timed_out": True, "status_code": None}
    except (httpx.HTTPError, httpx.InvalidURL, Forbidden) as error:
        found |= {"error": _reason(error), "status_code": None}
    latency_ms = round((time.monotonic() - started) * 1000)
    return Outcome(sent_at, latency_ms, shown, **found)


def _headers(receiver: Receiver, what: Outgoing, timestamp: int) -> dict[str, str]:
    test = {"X-Webhook-Test": "true"} if what.is_test else {}
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "Accept-Encoding": "identity",  # what is kept of the answer is kept as it came
        "X-Webhook-Event": what.event_type,
        "X-Webhook-Delivery": what.delivery_id,
        **test,
        **signed(what.dialect, what.delivery_id, timestamp, what.body, receiver.keys),
    }


def _encoded(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """As they were given, one byte a character (RFC 9110 §5.5): httpx itself takes ASCII only."""
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}


def _answered(answer: httpx.Response) -> dict[str, Any]:
    kept = b""
    for piece in answer.iter_raw():
        kept += piece
        if len(kept) >= KEPT_BYTES:
            break
    text = kept[:KEPT_BYTES].decode(errors="replace").replace("\x00", "�")
    return {
        "status_code": answer.status_code,
        "response": text,
        "retry_after_s": _retry_after(answer.headers.get("retry-after", "")),
        "error": _refusal(answer.status_code),
    }


def _refusal(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed. Give the URL that it leads to."
    return f"It answered {status}."


def _retry_after(value: str) -> float | None:
    """Seconds of `Retry-After`, a number or a date (RFC 9110 §10.2.3); None for anything else."""
    if re.fullmatch(r"\d{1,9}", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - utc_now()).total_seconds())
    except (TypeError, ValueError):
        return None


def _reason(error: Exception) -> str:
    """For the log of whoever owns the receiver: no address of ours, no text of a library with the URL in it."""
    if isinstance(error, Forbidden):
        return error.message
    if isinstance(error, httpx.ConnectError) and UNRESOLVED in str(error):
        return f"The host {UNRESOLVED}."
    if isinstance(error, httpx.ConnectError):
        return CONNECTION_FAILED.format("certificate" if "certificate" in str(error).lower() else "nobody listens")
    return CONNECTION_FAILED.format(type(error).__name__)
