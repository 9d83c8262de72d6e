"""A rendered page's requests: each one is answered by the caller's guarded fetch, or not at all."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.rendering_contract import Answered, Get, Limits, RenderError
from crawler.urls import normal_form, same_site

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

AT_ONCE = 6  # as many as browsers open to one host
MAX_HOPS = 5
REDIRECTS = (301, 302, 303, 307, 308)
NO_TEXT = frozenset({"image", "media", "font", "manifest", "texttrack"})
ENDLESS = frozenset({"eventsource", "websocket"})
INSIDE = ("data:", "blob:", "about:")  # made by the page itself: no request leaves the browser
# of an answer: its length and coding are ours by now; the rest would make the browser report, fetch or keep something
DROPPED = frozenset(
    "connection keep-alive transfer-encoding content-encoding content-length set-cookie refresh link alt-svc"
    " strict-transport-security public-key-pins clear-site-data report-to reporting-endpoints nel expect-ct"
    " content-security-policy content-security-policy-report-only speculation-rules service-worker-allowed"
    " permissions-policy document-policy accept-ch critical-ch origin-trial".split()
)
# of a request: what says who or where the browser is, or asks for a part
WITHHELD = frozenset(
    "host connection cookie user-agent accept-encoding proxy-authorization range if-range if-none-match"
    " if-modified-since upgrade-insecure-requests content-length content-type".split()
)
SAFE = frozenset({"accept", "accept-language", "origin", "referer"})  # may cross origins unasked (Fetch §2.2.2)


@dataclass(frozen=True)
class Document:
    """The page itself, fetched already."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class Requests:
    """Answers the routes of one page. All but `_fetch` runs in the thread that plays playwright."""

    def __init__(self, document: Document, get: Get, limits: Limits) -> None:
        self.made, self.refused = 0, 0
        self.moved_to: str | None = None
        self.page: Page | None = None  # whose main document is ours
        self._document, self._get, self._limits = document, get, limits
        self._is_served = self._is_closed = False
        self._bytes = 0
        self._lock = threading.Lock()
        self._open: set[Route] = set()
        self._done: SimpleQueue[tuple[Route, Answered | None]] = SimpleQueue()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="render-get")
        self._last = time.monotonic()

    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one is under way."""
        return 0.0 if self._open else time.monotonic() - self._last

    def take(self, route: "Route") -> None:
        """Playwright's handler. Returns at once; `deliver` answers."""
        request = route.request
        if self._is_closed:  # the page is being put away, and polls on
            _abort(route)
        elif request.is_navigation_request() and self._is_main(request):
            self._navigate(route)
        elif request.url.startswith(INSIDE):
            route.continue_()
        elif request.resource_type in NO_TEXT:
            _abort(route)
        elif not self._is_wanted(request):
            self._refuse(route)
        else:
            self._open.add(route)
            self._pool.submit(self._answer, route, request.method, request.url, dict(request.headers))

    def deliver(self) -> None:
        """Hand the answers that have come to the page."""
        with suppress(Empty):
            while True:
                route, answered = self._done.get_nowait()
                self._open.discard(route)
                self._last = time.monotonic()
                if answered is None:
                    self._refuse(route)
                else:
                    _fulfil(route, answered.status, _kept(answered.headers), answered.body)

    def close(self) -> None:
        """Requests under way end by their own time-out: six threads at most, which nobody waits for."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        for route in self._open:
            _abort(route)
        self._open.clear()

    def _navigate(self, route: "Route") -> None:
        """The page's own document once; whoever navigates further by script is only noted."""
        if self._is_served:
            if self.moved_to is None and route.request.url != self._document.url:
                self.moved_to = route.request.url
            _abort(route)
            return
        self._is_served = True
        headers = _kept(self._document.headers)
        headers.pop("content-disposition", None)
        if not any(word in headers.get("content-type", "") for word in ("html", "xml")):
            headers["content-type"] = "text/html"
        _fulfil(route, 200, headers, self._document.body)

    def _is_main(self, request: "Request") -> bool:
        """False for frames, and for popups, whose frame may not be there yet."""
        from playwright.sync_api import Error

        try:
            return self.page is not None and request.frame == self.page.main_frame
        except Error:
            return False

    def _is_wanted(self, request: "Request") -> bool:
        """Bodies are never sent: what changes something on a server is not ours to ask for."""
        if request.method not in ("GET", "HEAD") or request.resource_type in ENDLESS:
            return False
        return urlsplit(request.url).scheme in ("http", "https") and self._counted()

    def _counted(self) -> bool:
        """Whether one more is allowed; counts it."""
        with self._lock:
            if self.made >= self._limits.max_requests or self._bytes >= self._limits.max_request_bytes:
                return False
            self.made += 1
            return True

    def _refuse(self, route: "Route") -> None:
        self.refused += 1
        _abort(route)

    def _answer(self, route: "Route", method: str, url: str, headers: dict[str, str]) -> None:
        answered = None
        with suppress(Exception):  # a refusal, whatever its class: the page goes on without this answer
            answered = self._fetch(method, url, headers)
        self._done.put((route, answered))

    def _fetch(self, method: str, first: str, headers: dict[str, str]) -> Answered:
        """The last answer of a chain of redirects, which playwright would not let us see one by one."""
        origin = headers.get("origin") or _origin(self._document.url)
        url = first
        for hop in range(MAX_HOPS + 1):
            if hop and not self._counted():
                break
            answered = self._get(method, url, _sent(headers, crosses=_origin(url) != origin))
            with self._lock:
                self._bytes += len(answered.body)
            lower = {name.lower(): value for name, value in answered.headers.items()}
            if answered.status not in REDIRECTS or "location" not in lower:
                self._check_readable(first, url, headers, lower.get("access-control-allow-origin"))
                return answered
            url = normal_form(lower["location"], url)
        raise RenderError("Too many redirects.")

    def _check_readable(self, first: str, url: str, headers: dict[str, str], allowed: str | None) -> None:
        """Keeps the same-origin policy (Fetch §4.10), which answers of ours would undo: playwright itself allows what
        a server did not, and after a redirect the browser takes the last answer for the first host's. A page must not
        read what only this installation reaches, e.g. a host that the operator allows, and send it elsewhere."""
        origin = headers.get("origin")
        if origin is not None and origin != _origin(url) and allowed is None:
            raise RenderError("Another origin's answer, which the page may not read.")
        if not same_site(url, first) and allowed not in ("*", origin or _origin(self._document.url)):
            raise RenderError("A redirect to another site, which the page may not read.")


def _fulfil(route: "Route", status: int, headers: dict[str, str], body: bytes) -> None:
    from playwright.sync_api import Error

    try:
        route.fulfill(status=status, headers=headers, body=body)
    except Error:  # the frame is gone, or a status that no browser knows
        _abort(route)


def _abort(route: "Route") -> None:
    from playwright.sync_api import Error

    with suppress(Error):
        route.abort("aborted")  # with any other reason a navigation would replace the page by one about the error


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    return {name: value for name, value in lower.items() if name not in DROPPED}


def _sent(headers: dict[str, str], *, crosses: bool) -> dict[str, str]:
    """Playwright answers the browser's preflights itself and always yes, so across origins only safe ones go."""
    if crosses:
        return {name: value for name, value in headers.items() if name in SAFE}
    return {name: value for name, value in headers.items() if name not in WITHHELD and not name.startswith("sec-")}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
