"""The browser's process: cut off from every network, killed when it hangs or grows.

Nothing of a page reaches the network by the browser itself: names do not resolve in it, its proxy is a closed port,
UDP is off, and it does not get the service's environment. Requests are answered by `rendering_requests`, through
the guarded client. The driver talks to it over a pipe, not a port.
"""

import os
import shutil
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.rendering_contract import Limits, RenderError

START_S = 30.0
LOOK_EVERY_S = 0.25
GRACE_S = 3.0  # from the browser's end until its driver must have noticed
FLAGS = (
    "--proxy-server=127.0.0.1:9",  # port “discard”: nothing listens
    "--proxy-bypass-list=<-loopback>",  # loopback too, which Chromium exempts from proxies by default
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no DNS, addresses written as numbers included
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-3d-apis",
    "--disable-crash-reporter",
    "--no-first-run",
    "--no-pings",
    "--mute-audio",
    "--blink-settings=imagesEnabled=false",
    "--js-flags=--max-old-space-size=512",  # MB of one page's objects; arrays and nodes are counted by `Watch`
)
# playwright's own defaults that would take protection away
UNWANTED_FLAGS = ("--disable-popup-blocking", "--disable-ipc-flooding-protection", "--enable-unsafe-swiftshader")
_TOO_LONG = "The page's scripts did not end within {:g} seconds."
_TOO_MUCH = "The page's scripts needed more than {:.0f} MB of memory."


class Browser:
    """Made, used and closed by one thread, as playwright's sync API wants it; `kill` is for any."""

    def __init__(self, executable: str) -> None:
        """Raises `RenderError`. Takes one to three seconds."""
        from playwright.sync_api import Error, sync_playwright

        self.pages = 0
        self._home = tempfile.mkdtemp(prefix="insydr-browser-")
        self._pid: int | None = None
        self._playwright = sync_playwright().start()
        try:
            self._browser = self._playwright.chromium.launch(
                executable_path=executable,
                args=list(FLAGS),
                ignore_default_args=list(UNWANTED_FLAGS),
                chromium_sandbox=os.geteuid() != 0,  # Chromium has no sandbox for root
                env=self._environment(),
                timeout=START_S * 1000,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
            self._pid, self._driver_pid = self._processes()
        except Error as error:
            self.close()
            raise RenderError(f"The browser could not be started: {_cause(str(error))}") from None
        self.new_context = self._browser.new_context

    def kill(self, *, driver: bool = False) -> None:
        """End the browser at once; its pending calls raise. With `driver` the program that talks to it, too."""
        if self._pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                # playwright starts it as the leader of its own group
                if os.getpgid(self._pid) == self._pid:
                    os.killpg(self._pid, signal.SIGKILL)
                else:
                    os.kill(self._pid, signal.SIGKILL)
            if driver:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(self._driver_pid, signal.SIGKILL)

    def close(self) -> None:
        """Leaves no process and no file. Whoever closes a browser that may hang watches it."""
        with suppress(Exception):  # killed already, or its driver
            self._browser.close()
        self.kill()
        with suppress(Exception):
            self._playwright.stop()
        self._pid = None
        shutil.rmtree(self._home, ignore_errors=True)

    def memory_bytes(self) -> int:
        """What its processes hold for themselves; 0 where there is no /proc."""
        return sum(_own_bytes(pid) for pid in _group(self._pid)) if self._pid is not None else 0

    def _environment(self) -> dict[str, str | float | bool]:
        """Not the service's: its secrets are none of a page's business."""
        kept: dict[str, str | float | bool] = {
            name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ
        }
        return kept | {"HOME": self._home}

    def _processes(self) -> tuple[int, int]:
        """The browser's and its parent's, the driver's."""
        found = self._browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        pid = next(int(one["id"]) for one in found if one["type"] == "browser")
        with suppress(OSError):
            return pid, int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        return pid, pid


class Watch:
    """Kills the browser when a page takes too long or too much memory; `reason` then says which."""

    def __init__(self, browser: Browser, limits: Limits) -> None:
        self.reason: str | None = None
        self._browser, self._limits = browser, limits
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True, name="render-watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        end = time.monotonic() + self._limits.wall_s
        while not self._done.wait(min(LOOK_EVERY_S, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end:
                self.reason = _TOO_LONG.format(self._limits.wall_s)
            elif self._browser.memory_bytes() > self._limits.max_memory_bytes:
                self.reason = _TOO_MUCH.format(self._limits.max_memory_bytes / 2**20)
            if self.reason is not None:
                self._browser.kill()
                if not self._done.wait(GRACE_S):
                    self._browser.kill(driver=True)
                return


def _group(leader: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if os.getpgid(int(entry.name)) == leader:
                found.append(int(entry.name))
    return found


def _own_bytes(pid: int) -> int:
    """Resident less shared pages (proc(5), statm)."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:  # ended meanwhile
        return 0
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def _cause(message: str) -> str:
    """The telling line of playwright's report, which goes on for a page."""
    lines = [line.strip(" -╔║╚═") for line in message.splitlines()]
    telling = [line for line in lines if "sandbox" in line.lower() or "error while loading" in line.lower()]
    return (telling or lines or [""])[0][:300]
