"""A real browser goes to the place that a citation links to.

The page is long, and every place stands far below its heading: a browser that only went there would not show it.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ingest.elements import ParsedDocument
from ingest.parsers.html import parse_html
from retrieval.links import link_to

FAR = "<div style='height: 3000px'></div>"
PLACES = {
    "sentence": "<p>Some words first. The warranty covers the pump for two years. And then more words.</p>",
    "marks": "<p>Low-cost parts, R&amp;D “tools” (50% off), C++ #1: it’s a well-known trade-off, isn’t it?</p>",
    "formatted": "<p>The <b>blue</b>\n button&nbsp;is <a href=''>next to</a> the&shy; <code>reset()</code> switch.</p>",
    "long": f"<p>A text that begins with the blue whale, {'and goes on, ' * 60} until it ends with a small fish.</p>",
    "paragraphs": "<h3>Parts</h3><p>Unscrew both of the lids first.</p><p>Rinse.</p><p>Then screw them on again.</p>",
    "list": "<ol start='3'><li>Open the tap slowly today</li><li>Close <i>all other</i> valves at once</li></ol>",
    "table": "<table><tr><th>Part of it</th><th>Price in euros</th></tr><tr><td>The left handle</td><td>49</td></tr>"
             "<tr><td>A second right handle</td><td>59</td></tr></table>",
    "code": "<pre>def wash(dishes):\n    return [rinse(one) for one in dishes]\n</pre>",
    "chinese": "<p>保修期为两年，从购买之日起计算。水泵和阀门都包括在内，但不包括滤芯。</p>",
    "arabic": "<p dir='rtl'>يغطي الضمان المضخة لمدة سنتين من تاريخ الشراء.</p>",
}  # fmt: skip
IN_SIGHT = """id => { const box = document.getElementById(id).getBoundingClientRect();
                      return window.scrollY > 0 && box.bottom > 0 && box.top < window.innerHeight; }"""
PATIENCE_MS = 5_000  # where the words are not found, the browser looks again for a moment after the page is loaded


def page_html() -> str:
    head = "<meta charset='utf-8'><title>T</title><meta name='generator' content='mkdocs'>"
    contents = "".join(f"<li>On {name}</li>" for name in PLACES) + "<li>Parts</li>"
    places = (f"<h2 id='h-{name}'>On {name}</h2>{FAR}<div id='{name}'>{html}</div>" for name, html in PLACES.items())
    body = f"<h1>Manual</h1><ul>{contents}</ul>{''.join(places)}{FAR}"
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page_html().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/manual"
    server.shutdown()
    server.server_close()


def quote_of(document: ParsedDocument, name: str) -> str:
    """What stands below the place's heading, as it is stored."""
    inside = [one for one in document.elements if f"On {name}" in one.heading_path]
    return document.text[inside[0].start : inside[-1].end]


def check_in_sight(browser: Any, link: str, place: str) -> None:
    """Raises playwright's `TimeoutError` where the browser does not scroll there."""
    page = browser.new_page()
    try:
        page.goto(link)
        page.wait_for_function(IN_SIGHT, arg=place, timeout=PATIENCE_MS)
    finally:
        page.close()


@pytest.mark.parametrize("name", PLACES)
def test_the_quote_is_in_sight(name: str, address: str, browser: Any) -> None:
    quote = quote_of(parse_html(page_html().encode(), "manual.html"), name)
    link = link_to(address, quote=quote, anchor=f"h-{name}", page=None)
    assert f"#h-{name}:~:text=" in link
    check_in_sight(browser, link, name)


def test_one_sentence_of_a_paragraph(address: str, browser: Any) -> None:
    quote = "The warranty covers the pump for two years."
    check_in_sight(browser, link_to(address, quote=quote, anchor="h-table", page=None), "sentence")


def test_words_that_are_gone_lead_to_the_heading(address: str, browser: Any) -> None:
    quote = "Words that have been removed since."
    check_in_sight(browser, link_to(address, quote=quote, anchor="h-table", page=None), "h-table")
