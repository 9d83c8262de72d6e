"""The widget on a page in a real browser: its size, when its launcher is painted, whether the page moves.

    python -m evals.widget_bench [--loads 20]

Loads the sample page of a server of its own again and again, with an empty cache, in Debian's Chromium on loopback.
Layout shifts are the browser's own (Layout Instability, WICG), of the whole visit: loaded, opened, answered, closed.
"""

import argparse
import gzip
import json
import shutil
from typing import Any

import httpx
import numpy as np
from rich.console import Console
from rich.progress import track

from evals.service import Service, running_service

BROWSER = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update",
           "--disable-sync"]  # fmt: skip
TEXT, QUESTION = "The battery is covered for two years.", "How long is the battery covered?"
WATCH = """
window.shifts = 0; window.launcherAt = null;
new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shifts += one.value; })
  .observe({ type: "layout-shift", buffered: true });
const seen = () => {
  const host = [...document.body?.children ?? []].find((one) => one.shadowRoot?.querySelector(".launcher"));
  if (host) requestAnimationFrame(() => setTimeout(() => { window.launcherAt = performance.now(); }));
  else requestAnimationFrame(seen);
};
requestAnimationFrame(seen);
"""
AFTER_LOAD = """() => new Promise((told) => {
  const look = () => window.launcherAt === null ? requestAnimationFrame(look)
    : told(window.launcherAt - performance.getEntriesByType("navigation")[0].loadEventEnd);
  look();
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=20)
    arguments = parser.parse_args()
    with running_service() as service:
        found = _measured(_page(service), arguments.loads)
        raw = service.http.get("/widget.js", headers={"Accept-Encoding": "identity"}).content
    found["widget_js"] = {"bytes": len(raw), "gzipped": len(gzip.compress(raw, 9))}
    print(json.dumps(found, indent=2))


def _page(service: Service) -> str:
    url = str(service.http.base_url).rstrip("/")
    agent, key = service.published_agent(TEXT, httpx.URL(url).netloc.decode())
    return f"{url}/demo/{agent}#{key}"


def _measured(address: str, loads: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    launcher, shifts = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER)
        for _ in track(range(loads), "loads", console=Console(stderr=True)):
            tab = browser.new_context(locale="en-GB").new_page()
            tab.add_init_script(WATCH)
            tab.goto(address, wait_until="load")
            launcher.append(tab.evaluate(AFTER_LOAD))
            _visit(tab)
            shifts.append(tab.evaluate("window.shifts"))
            tab.context.close()
        browser.close()
    percentiles = {f"p{share}": round(float(np.percentile(launcher, share)), 1) for share in (50, 95)}
    return {"loads": loads, "launcher_after_load_ms": percentiles, "layout_shift": {"worst": max(shifts)}}


def _visit(tab: Any) -> None:
    tab.locator(".launcher").click()
    tab.get_by_role("textbox", name="Write a message").fill(QUESTION)
    tab.keyboard.press("Enter")
    tab.get_by_role("button", name="1 source").wait_for()
    tab.keyboard.press("Escape")


if __name__ == "__main__":
    main()
