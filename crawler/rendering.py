"""Pages that need JavaScript, rendered in a headless Chromium that reaches no network: each request that a page makes
goes through the caller's guarded fetch.

One browser, one page at a time, in one thread (playwright's sync API belongs to the thread that started it, and cannot
live in an event loop's). Memory: the browser's by `Limits.max_memory_bytes`, the answers' by `max_request_bytes`, the
document's by `max_document_bytes`; waiting pages hold their own bodies. A browser that hangs, crashes or grows is
killed and the next page gets a new one; so does the 200th page, and one that idles gives its memory (about 250 MB)
back.
"""

import importlib.util
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from crawler.rendering_browser import GRACE_S, START_S, Browser, Watch
from crawler.rendering_contract import Answered, Get, Limits, Rendered, RenderError
from crawler.rendering_page import rendered
from crawler.rendering_requests import Document

__all__ = ["Answered", "Get", "Limits", "RenderError", "Rendered", "Renderer", "find_browser"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
MAX_PAGES = 200
IDLE_S = 60.0
WAIT_S = 120.0
_BUSY = "The browser was busy with other pages for too long. Try again later."
_STOPPED = "The service was stopped while it rendered the page."


def find_browser(setting: str | None) -> str | None:
    """The path of the browser that the setting names, else of one on the PATH.

    None without one, and without playwright, which drives it (`pip install 'insydr[render]'`).
    """
    if importlib.util.find_spec("playwright") is None:
        return None
    names = (setting,) if setting else NAMES
    return next((path for name in names if (path := shutil.which(name))), None)


@dataclass
class _Job:
    document: Document
    get: Get
    result: Future[Rendered] = field(default_factory=Future)


class Renderer:
    """Thread-safe. Nothing is started before the first page."""

    def __init__(
        self, executable: str, *, limits: Limits | None = None, wait_s: float = WAIT_S, idle_s: float = IDLE_S
    ) -> None:
        """`wait_s`: how long a page waits for a free browser. `idle_s`: how long the browser waits for a page."""
        self._executable, self._limits = executable, limits or Limits()
        self._wait_s, self._idle_s = wait_s, idle_s
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._browser: Browser | None = None
        self._is_busy, self._is_closed = False, False

    def render(self, url: str, body: bytes, headers: Mapping[str, str], get: Get) -> Rendered:
        """`body` and `headers` are the page's answer as it was fetched. Raises `RenderError`."""
        job = _Job(Document(url, body, headers), get)
        with self._lock:
            if self._is_closed:
                raise RenderError(_STOPPED)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="render")
                self._thread.start()
            self._jobs.put(job)
        try:
            return job.result.result(self._wait_s)
        except NotYet:
            if job.result.cancel():
                raise RenderError(_BUSY) from None
        except CancelledError:
            raise RenderError(_STOPPED) from None
        return self._under_way(job)

    def close(self) -> None:
        """Leaves no process; pages that are waited for fail."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
            self._jobs.put(None)
        browser = self._browser
        if browser is not None and self._is_busy:
            browser.kill()  # a page in it ends at once
        if thread is not None:
            thread.join(START_S)

    def _under_way(self, job: _Job) -> Rendered:
        """The browser was free only when its waiting ended: it has its full time."""
        try:
            return job.result.result(START_S + self._limits.wall_s + 2 * GRACE_S)
        except NotYet:
            raise RenderError(_BUSY) from None

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._idle_s if self._browser is not None else None)
            except Empty:
                self._end()
                continue
            if self._is_closed:
                _cancel(job)
                break
            if job is not None and job.result.set_running_or_notify_cancel():
                self._is_busy = True
                self._do(job)
                self._is_busy = False
        self._end()
        while not self._jobs.empty():
            _cancel(self._jobs.get())

    def _do(self, job: _Job) -> None:
        try:
            job.result.set_result(self._rendered(job))
        except RenderError as error:
            job.result.set_exception(error)
        except Exception as error:  # the thread must live: others wait for it
            self._end()
            job.result.set_exception(RenderError(f"The page could not be rendered ({type(error).__name__})."))

    def _rendered(self, job: _Job) -> Rendered:
        from playwright.sync_api import Error

        browser = self._browser = self._browser or Browser(self._executable)
        if self._is_closed:
            raise RenderError(_STOPPED)
        browser.pages += 1
        with Watch(browser, self._limits) as watch:
            try:
                result: Rendered | None = rendered(browser, job.document, job.get, self._limits)
                reason = ""
            except RenderError as error:
                result, reason = None, error.reason
            except Error as error:
                result, reason = None, f"The browser failed: {error.message.splitlines()[0][:200]}"
        if result is None or watch.reason is not None or browser.pages >= MAX_PAGES:
            self._end()
        if result is None:
            raise RenderError(_STOPPED if self._is_closed else watch.reason or reason)
        return result

    def _end(self) -> None:
        browser, self._browser = self._browser, None
        if browser is not None:
            with Watch(browser, Limits(wall_s=GRACE_S)):
                browser.close()


def _cancel(job: _Job | None) -> None:
    if job is not None:
        job.result.cancel()
