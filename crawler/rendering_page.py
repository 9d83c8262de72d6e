"""One page in the browser: its scripts run until it settles, then its document is taken."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.rendering_browser import Browser
from crawler.rendering_contract import Get, Limits, Rendered, RenderError
from crawler.rendering_requests import Document, Requests

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

TICK_MS = 15.0
SAMPLE_S = 0.25
HEIGHT = 3000  # of the window, in pixels: what is loaded only when it is seen is seen
# in every frame before its own scripts; the process has no network for these anyway
WITHOUT = """for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport", "WebSocketStream"])
  delete globalThis[name];
window.open = () => null;"""
TEXT_LENGTH = "document.documentElement ? document.documentElement.textContent.length : 0"
# Scripts are over: the document may be changed. Open shadow roots, which serialising leaves out, take their host's
# place with the slots filled; noscript would bring “Please enable JavaScript” into the text.
DOCUMENT = """(limit => {
  const flatten = root => {
    for (const host of root.querySelectorAll("*")) {
      if (!host.shadowRoot) continue;
      flatten(host.shadowRoot);
      for (const slot of host.shadowRoot.querySelectorAll("slot")) slot.replaceWith(...slot.assignedNodes());
      host.replaceChildren(...host.shadowRoot.childNodes);
    }
  };
  flatten(document);
  for (const one of document.querySelectorAll("noscript")) one.remove();
  const text = document.documentElement ? document.documentElement.outerHTML : "";
  return text.length > limit ? null : text;
})(%d)"""


def rendered(browser: Browser, document: Document, get: Get, limits: Limits) -> Rendered:
    """Raises `RenderError` or playwright's `Error`; whoever calls it has a `Watch` on the browser."""
    requests = Requests(document, get, limits)
    context = browser.new_context(
        accept_downloads=False,
        service_workers="block",
        permissions=[],
        viewport={"width": 1280, "height": HEIGHT},
        reduced_motion="reduce",
    )
    try:
        return _Visit(context, document.url, requests, limits).run()
    finally:
        requests.close()
        context.close()


class _Visit:
    def __init__(self, context: "BrowserContext", url: str, requests: Requests, limits: Limits) -> None:
        self._url, self._requests, self._limits = url, requests, limits
        self._loaded_at: float | None = None
        self._has_crashed = False
        context.set_default_timeout(limits.wall_s * 1000)
        context.add_init_script(WITHOUT)
        context.route("**/*", requests.take)
        context.route_web_socket("**/*", lambda socket: socket.close())
        self._page = requests.page = context.new_page()
        self._listen(context)
        self._session = context.new_cdp_session(self._page)

    def run(self) -> Rendered:
        self._page.goto(self._url, wait_until="commit")
        self._settle(time.monotonic())
        requests = self._requests
        body = self._document().encode("utf-8", "replace")  # lone surrogates are no UTF-8
        if len(body) > self._limits.max_document_bytes:
            raise RenderError(_too_large(self._limits))
        return Rendered(body, requests.made, requests.refused, requests.moved_to)

    def _listen(self, context: "BrowserContext") -> None:
        """Dialogs are dismissed by playwright, since nobody listens to them."""
        self._page.on("domcontentloaded", lambda _page: self._loaded())
        self._page.on("crash", lambda _page: self._crashed())
        context.on("page", _closed)

    def _loaded(self) -> None:
        self._loaded_at = time.monotonic()

    def _crashed(self) -> None:
        self._has_crashed = True

    def _settle(self, began: float) -> None:
        text = _Steady(began)
        while time.monotonic() - began < self._limits.settle_s and self._requests.moved_to is None:
            self._page.wait_for_timeout(TICK_MS)
            self._requests.deliver()
            if self._has_crashed:
                raise RenderError("The page made the browser crash.")
            if self._loaded_at is None:
                continue
            if min(self._requests.idle_s(), time.monotonic() - self._loaded_at) >= self._limits.idle_s:
                return
            if text.is_due() and text.seen(int(str(self._evaluate(TEXT_LENGTH)))) >= self._limits.steady_s:
                return

    def _document(self) -> str:
        found = self._evaluate(DOCUMENT % self._limits.max_document_bytes)
        if not isinstance(found, str):
            raise RenderError(_too_large(self._limits))
        return "<!DOCTYPE html>\n" + found

    def _evaluate(self, expression: str) -> object:
        """In a world of its own, where the page cannot have replaced what we call."""
        frame = self._session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        made = self._session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "insydr"})
        where = {"contextId": made["executionContextId"], "returnByValue": True}
        answer = self._session.send("Runtime.evaluate", {"expression": expression, **where})
        if "exceptionDetails" in answer:
            raise RenderError("The page's document could not be read.")
        return answer["result"].get("value")


class _Steady:
    """How long the text has not grown. An empty page is none that has come to rest."""

    def __init__(self, now: float) -> None:
        self._length, self._since, self._looked = 0, now, now

    def is_due(self) -> bool:
        return time.monotonic() - self._looked >= SAMPLE_S

    def seen(self, length: int) -> float:
        """Seconds."""
        self._looked = time.monotonic()
        if length == 0 or length != self._length:
            self._length, self._since = length, self._looked
        return self._looked - self._since


def _closed(popup: "Page") -> None:
    from playwright.sync_api import Error

    with suppress(Error):
        popup.close()


def _too_large(limits: Limits) -> str:
    return f"The rendered page is larger than {limits.max_document_bytes / 2**20:.0f} MB."
