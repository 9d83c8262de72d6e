"""Pages that need JavaScript, in a real Chromium that must reach nothing but by us."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import pytest

from core.errors import Forbidden
from core.outbound.client import guarded_client
from crawler.rendering import Answered, Get, Limits, Rendered, Renderer, RenderError, find_browser
from crawler.rendering_requests import Document, Requests
from tests.support import services
from tests.support.site import Answer, Site

QUICK = Limits(wall_s=30, settle_s=4)  # a busy machine needs longer
PATIENT = Limits(wall_s=60, settle_s=25, idle_s=2)  # for pages that do something late by themselves
HTML = {"content-type": "text/html; charset=utf-8"}
Show = Callable[..., Rendered]


@pytest.fixture(scope="module")
def executable() -> str:
    services.module("playwright")
    return find_browser(None) or services.absent("chromium is not installed")


@pytest.fixture(scope="module")
def renderer(executable: str) -> Iterator[Renderer]:
    with closing(Renderer(executable, limits=QUICK)) as renderer:
        yield renderer


@pytest.fixture(scope="module")
def patient(executable: str) -> Iterator[Renderer]:
    with closing(Renderer(executable, limits=PATIENT)) as renderer:
        yield renderer


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def other() -> Iterator[Site]:
    """A site that must not be reached."""
    with Site("127.0.0.2") as other:
        yield other


@pytest.fixture
def get() -> Iterator[Get]:
    """The guarded fetch: of all loopback addresses only 127.0.0.1."""
    with guarded_client(["127.0.0.1"], timeout_s=5) as client:

        def fetched(method: str, url: str, headers: Mapping[str, str]) -> Answered:
            answer = client.request(method, url, headers=dict(headers))
            return Answered(answer.status_code, answer.headers, answer.content)

        yield fetched


@pytest.fixture
def show(renderer: Renderer, site: Site, get: Get) -> Show:
    def shown(html: str, path: str = "/page", by: Renderer | None = None) -> Rendered:
        body = f"<!doctype html><html><head><title>T</title></head><body>{html}</body></html>".encode()
        return (by or renderer).render(site.url(path), body, HTML, get)

    return shown


def script(code: str) -> str:
    return f"<p id=out>before</p><script>{code}</script>"


def say(expression: str) -> str:
    return f"document.getElementById('out').textContent = {expression};"


class TestRendering:
    def test_an_app_that_makes_its_page_of_fetched_data(self, show: Show, site: Site) -> None:
        site.put(
            "/app.js",
            b"fetch('/d.json').then(r => r.json()).then(d => { root.innerHTML = d.map(t => `<p>${t}</p>`).join('') })",
            "text/javascript",
        )
        site.put("/d.json", json.dumps(["Größe", "Zweite"]).encode(), "application/json")
        shown = show("<div id=root></div><noscript>Enable JavaScript</noscript><script src=/app.js></script>", "/app")
        assert "<p>Größe</p><p>Zweite</p>" in shown.body.decode()
        assert b"Enable" not in shown.body
        assert (shown.requests, shown.refused, shown.moved_to) == (2, 0, None)
        assert site.count("/app") == 0  # the page itself was fetched before

    def test_modules_workers_and_late_text(self, show: Show, site: Site, patient: Renderer) -> None:
        site.put("/m.js", b"export const word = 'module'", "text/javascript")
        site.put("/w.js", b"postMessage('worker')", "text/javascript")
        code = "import {word} from '/m.js'; new Worker('/w.js').onmessage = e => setTimeout(() => {"
        late = f"{code} {say('word + e.data')} }}, 200)"
        shown = show(f"<p id=out></p><script type=module>{late}</script>", by=patient)
        assert b"moduleworker" in shown.body

    def test_shadow_roots_are_part_of_the_page(self, show: Show) -> None:
        code = """customElements.define('my-card', class extends HTMLElement { connectedCallback() {
          this.attachShadow({mode: 'open'}).innerHTML = '<h2>Inside</h2><slot></slot>'; } })"""
        shown = show(f"<my-card><i>slotted</i></my-card><script>{code}</script>")
        assert b"<my-card><h2>Inside</h2><i>slotted</i></my-card>" in shown.body

    def test_redirects_of_requests_are_followed_by_us(self, show: Show, site: Site) -> None:
        site.redirect("/old.js", "/new.js")
        site.put("/new.js", say("'redirected'").encode(), "text/javascript")
        shown = show("<p id=out></p><script src=/old.js></script>")
        assert b"redirected" in shown.body
        assert shown.requests == 2

    def test_a_page_that_polls_settles_when_its_text_does(self, show: Show, site: Site, patient: Renderer) -> None:
        began = time.monotonic()
        shown = show(script("setInterval(() => fetch('/tick'), 100);" + say("'polling'")), by=patient)
        assert b"polling" in shown.body
        assert time.monotonic() - began < PATIENT.settle_s

    def test_a_slow_answer_is_waited_for_until_the_latest_moment(self, show: Show, site: Site) -> None:
        site.pages["/slow.js"] = Answer(b"", delay_s=30)
        assert b"before" in show("<p>before</p><script src=/slow.js></script><p>after</p>").body

    def test_images_and_fonts_are_not_fetched(self, show: Show, site: Site) -> None:
        shown = show("<style>@font-face{font-family:f;src:url(/f.woff2)}p{font-family:f}</style><p>x<img src=/i.png>")
        assert (site.connections, shown.requests) == (0, 0)
        assert b"<img" in shown.body

    def test_two_threads_at_once(self, show: Show) -> None:
        with ThreadPoolExecutor() as pool:
            both = list(pool.map(lambda word: show(script(say(f"'{word}'"))), ["first", "second"]))
        assert [b"first" in both[0].body, b"second" in both[1].body] == [True, True]


ESCAPES = """
const u = "{other}";
try {{ fetch(u + "/fetch").catch(() => 0); }} catch (e) {{}}
const kept = {{keepalive: true, method: "POST", mode: "no-cors", body: "x"}};
try {{ fetch(u + "/alive", kept).catch(() => 0); }} catch (e) {{}}
try {{ const x = new XMLHttpRequest(); x.open("POST", u + "/xhr"); x.send("secret"); }} catch (e) {{}}
for (const [tag, at] of [["img", "src"], ["script", "src"], ["iframe", "src"], ["video", "src"], ["embed", "src"],
    ["object", "data"], ["audio", "src"], ["track", "src"]]) {{
  const one = document.createElement(tag); one[at] = u + "/" + tag; document.body.append(one); }}
for (const rel of ["stylesheet", "prefetch", "preload", "modulepreload", "prerender", "preconnect", "dns-prefetch",
    "icon", "manifest"]) {{
  const one = document.createElement("link"); one.rel = rel; one.as = "script"; one.href = u + "/" + rel;
  document.head.append(one); }}
const rules = document.createElement("script"); rules.type = "speculationrules";
rules.textContent = JSON.stringify({{prefetch: [{{source: "list", urls: [u + "/rules"], eagerness: "immediate"}}],
  prerender: [{{source: "list", urls: [u + "/rules2"], eagerness: "immediate"}}]}});
document.head.append(rules);
try {{ new WebSocket(u.replace("http", "ws") + "/socket"); }} catch (e) {{}}
try {{ new EventSource(u + "/events"); }} catch (e) {{}}
try {{ navigator.sendBeacon(u + "/beacon", "x"); }} catch (e) {{}}
try {{ window.open(u + "/popup"); window.open(u + "/popup2", "_blank", "noopener"); }} catch (e) {{}}
for (const target of ["_blank", "frame"]) {{
  const form = document.createElement("form"); form.action = u + "/form"; form.method = "post"; form.target = target;
  document.body.append(form); try {{ form.submit(); }} catch (e) {{}} }}
const anchor = document.createElement("a"); anchor.href = u + "/anchor"; anchor.ping = u + "/ping";
anchor.target = "_blank"; document.body.append(anchor); anchor.click();
const inner = `const u = "{other}"; try {{ new WebSocket(u.replace("http", "ws") + "/socket") }} catch (e) {{}}
  try {{ new WebTransport("https://127.0.0.2:{port}/t") }} catch (e) {{}}
  try {{ importScripts(u + "/import") }} catch (e) {{}} fetch(u + "/worker").catch(() => 0)`;
const worker = URL.createObjectURL(new Blob([inner], {{type: "text/javascript"}}));
try {{ new Worker(worker); }} catch (e) {{}}
try {{ new SharedWorker(worker); }} catch (e) {{}}
try {{ navigator.serviceWorker.register("/sw.js").catch(() => 0); }} catch (e) {{}}
const frame = document.createElement("iframe"); document.body.append(frame);
for (const where of [window, frame.contentWindow]) {{
  try {{ new where.WebTransport("https://127.0.0.2:{port}/t"); }} catch (e) {{}}
  try {{ const peer = new where.RTCPeerConnection({{iceServers: [{{urls: "stun:127.0.0.2:{port}"}},
      {{urls: "turn:127.0.0.2:{port}?transport=tcp", username: "a", credential: "b"}}]}});
    peer.createDataChannel("x"); peer.createOffer().then(o => peer.setLocalDescription(o)); }} catch (e) {{}}
}}
document.getElementById("out").textContent = "all tried";
"""


class TestNothingLeaves:
    def test_by_no_way_to_another_site(self, show: Show, site: Site, other: Site) -> None:
        site.put("/sw.js", b"", "text/javascript")
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp:
            udp.bind(("127.0.0.2", other.port))
            udp.setblocking(False)
            shown = show(script(ESCAPES.format(other=other.url("").rstrip("/"), port=other.port)))
            time.sleep(0.5)
            with pytest.raises(BlockingIOError):
                udp.recv(1)
        assert b"all tried" in shown.body
        assert (other.connections, other.requests) == (0, [])
        assert shown.refused >= 5

    def test_not_by_a_redirect(self, show: Show, site: Site, other: Site) -> None:
        site.redirect("/away.js", other.url("/x.js"), 302)
        site.redirect("/away.html", other.url("/x.html"), 302)
        show("<p>x</p><script src=/away.js></script><iframe src=/away.html></iframe>")
        assert (site.count("/away.js"), other.connections) == (1, 0)

    def test_not_after_the_page(self, show: Show, other: Site) -> None:
        show(script(f"addEventListener('pagehide', () => navigator.sendBeacon('{other.url('/late')}', 'x'))"))
        time.sleep(0.3)
        assert other.connections == 0

    def test_nothing_but_get_is_sent(self, show: Show, site: Site) -> None:
        shown = show(script("fetch('/change', {method: 'POST', body: 'x'}).catch(() => {" + say("'refused'") + "})"))
        assert b"refused" in shown.body
        assert (site.connections, shown.refused) == (0, 1)

    def test_no_files(self, show: Show, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("a secret")
        shown = show(script(f"fetch('file://{tmp_path}/secret').then(r => r.text()).then(t => {{ {say('t')} }})"))
        assert b"a secret" not in shown.body

    def test_no_environment_of_ours(self, show: Show, renderer: Renderer) -> None:
        show("x")
        assert renderer._browser is not None
        environment = Path(f"/proc/{renderer._browser._pid}/environ").read_bytes()
        assert b"PYTEST" not in environment
        assert b"PATH=" in environment


class TestOrigins:
    """What another origin does not allow is not read, though our fetch could."""

    @pytest.fixture
    def neighbour(self) -> Iterator[Site]:
        """Another origin that the guarded fetch reaches, as a host that the operator allows."""
        with Site() as neighbour:
            neighbour.put("/secret", b"a secret", "text/plain")
            neighbour.put("/secret.html", b"<p>a secret", "text/html")
            neighbour.pages["/open"] = Answer(b"for all", headers={"access-control-allow-origin": "*"})
            yield neighbour

    def test_a_fetch(self, show: Show, neighbour: Site) -> None:
        code = "fetch('{}').then(r => r.text()).catch(() => 'hidden').then(t => {{ {} }})"
        assert b"hidden" in show(script(code.format(neighbour.url("/secret"), say("t")))).body
        assert b"for all" in show(script(code.format(neighbour.url("/open"), say("t")))).body

    def test_a_redirect(self, show: Show, site: Site, neighbour: Site) -> None:
        site.redirect("/r", neighbour.url("/secret"))
        shown = show(script(f"fetch('/r').then(r => r.text()).catch(() => 'hidden').then(t => {{ {say('t')} }})"))
        assert b"hidden" in shown.body

    def test_a_frame(self, show: Show, site: Site, neighbour: Site) -> None:
        site.redirect("/r", neighbour.url("/secret.html"))
        code = (
            "for (const u of ['/r', '" + neighbour.url("/secret.html") + "']) {"
            "const f = document.createElement('iframe'); f.src = u; f.onload = () => {"
            "out.textContent += f.contentDocument ? f.contentDocument.body.textContent : 'hidden' };"
            "document.body.append(f) }"
        )
        shown = show(script(code))
        assert b"a secret" not in shown.body

    def test_headers_that_the_other_origin_did_not_ask_for(self, show: Show, site: Site, neighbour: Site) -> None:
        show(script(f"for (const u of ['/open', '{neighbour.url('/open')}']) fetch(u, {{headers: {{'x-key': '1'}}}})"))
        assert site.requests[0].headers["x-key"] == "1"
        assert "x-key" not in neighbour.requests[0].headers


class TestNavigation:
    def test_by_script_is_told_not_followed(self, show: Show, site: Site) -> None:
        shown = show(script("location = '/elsewhere'"))
        assert (shown.moved_to, site.connections) == (site.url("/elsewhere"), 0)
        assert b"before" in shown.body

    def test_to_a_forbidden_site(self, show: Show, other: Site) -> None:
        shown = show(script(f"setTimeout(() => location.replace('{other.url('/x')}'), 50)"))
        assert (shown.moved_to, other.connections) == (other.url("/x"), 0)

    def test_reloading_for_ever(self, show: Show, site: Site) -> None:
        shown = show(script("setTimeout(() => location.reload(), 10);" + say("'reloaded'")))
        assert b"reloaded" in shown.body
        assert (shown.moved_to, site.connections) == (None, 0)


class TestNuisances:
    def test_dialogs(self, show: Show) -> None:
        shown = show(script("alert(1); confirm(2); prompt(3); print(); onbeforeunload = () => 'x';" + say("'after'")))
        assert b"after" in shown.body

    def test_downloads(self, show: Show, site: Site) -> None:
        disposition = {"content-disposition": "attachment; filename=x.bin"}
        site.pages["/x.bin"] = Answer(b"x", headers=disposition)
        code = "a = document.createElement('a'); a.download = 'y'; a.href = 'data:text/plain,y'; a.click();"
        shown = show("<iframe src=/x.bin></iframe>" + script(code + say("'after'")))
        assert b"after" in shown.body
        assert shown.moved_to is None

    def test_five_hundred_requests(self, show: Show, site: Site) -> None:
        code = "for (let n = 0; n < 500; n++) fetch('/n' + n).catch(() => 0);"
        shown = show(script(code + say("'asked'")))
        assert b"asked" in shown.body
        assert shown.requests == len(site.requests) == QUICK.max_requests
        assert shown.refused == 500 - QUICK.max_requests
        assert site.most_at_once <= 6

    def test_bytes_of_all_requests(self, executable: str, show: Show, site: Site) -> None:
        site.put("/big", b"x" * 2**20, "text/plain")
        code = (
            "(async () => { for (let n = 0; n < 9; n++) await fetch('/big?' + n).catch(() => 0); "
            + say("'all'")
            + "})()"
        )
        with closing(
            Renderer(executable, limits=Limits(wall_s=30, idle_s=2, steady_s=6, max_request_bytes=3 * 2**20))
        ) as small:
            shown = show(script(code), by=small)
        assert (shown.requests, shown.refused) == (3, 6)
        assert b"all" in shown.body

    def test_a_huge_document(self, show: Show) -> None:
        with pytest.raises(RenderError, match="larger than 10 MB"):
            show(script("out.hidden = true; out.textContent = 'word '.repeat(6 * 2 ** 20)"))

    def test_a_document_that_defends_itself(self, show: Show) -> None:
        code = """Object.defineProperty(Element.prototype, 'outerHTML', {get() { while (true); }});
          document.querySelectorAll = () => { throw 1 }; Array.prototype.toJSON = () => { while (true); };"""
        assert b"mine" in show(script(code + say("'mine'"))).body


class TestHangsAndCrashes:
    def test_an_endless_script(self, executable: str, show: Show) -> None:
        with closing(Renderer(executable, limits=Limits(wall_s=4, settle_s=1))) as short:
            show("warm", by=short)
            began = time.monotonic()
            with pytest.raises(RenderError, match="did not end within 4 seconds"):
                show(script("setTimeout(() => { while (true); })"), by=short)
            assert time.monotonic() - began < 10
            assert b"next" in show("next", by=short).body

    def test_too_much_memory(self, executable: str, show: Show) -> None:
        limits = Limits(wall_s=10, settle_s=9, idle_s=8, max_memory_bytes=600 * 2**20)
        with (
            closing(Renderer(executable, limits=limits)) as small,
            pytest.raises(RenderError, match="600 MB of memory"),
        ):
            show(script("k = []; setInterval(() => k.push(new Uint8Array(5e7).fill(1)), 20)"), by=small)

    def test_a_crash_of_the_page(self, show: Show, renderer: Renderer, site: Site) -> None:
        show("warm")
        assert renderer._browser is not None
        pid = renderer._browser._pid

        def kill_once_it_runs() -> None:
            assert _soon(lambda: site.count("/x") > 0)
            _kill_pages(pid)

        threading.Thread(target=kill_once_it_runs, daemon=True).start()
        with pytest.raises(RenderError):
            show(script("setInterval(() => fetch('/x'), 20); setInterval(() => out.textContent += 1, 20)"))
        assert b"next" in show("next").body

    def test_a_crash_of_the_browser(self, show: Show, renderer: Renderer) -> None:
        show("warm")
        assert renderer._browser is not None
        renderer._browser.kill(driver=True)
        with pytest.raises(RenderError):
            show("x")
        assert b"next" in show("next").body


class TestItsLife:
    def test_close_leaves_no_process_and_ends_the_page_in_it(self, executable: str, show: Show) -> None:
        renderer = Renderer(executable, limits=Limits(wall_s=30))
        show("warm", by=renderer)
        browser = renderer._browser
        assert browser is not None
        with ThreadPoolExecutor() as pool:
            hanging = pool.submit(show, script("while (true);"), by=renderer)
            time.sleep(0.5)
            waiting = pool.submit(show, "x", by=renderer)
            time.sleep(0.1)
            renderer.close()
            for one in (hanging, waiting):
                with pytest.raises(RenderError, match="stopped"):
                    one.result(5)
        assert _group(browser) == []
        assert not Path(browser._home).exists()
        with pytest.raises(RenderError, match="stopped"):
            show("x", by=renderer)

    def test_an_idle_browser_is_given_back(self, executable: str, show: Show) -> None:
        with closing(Renderer(executable, limits=QUICK, idle_s=0.2)) as renderer:
            show("x", by=renderer)
            assert _soon(lambda: renderer._browser is None)
            assert b"again" in show("again", by=renderer).body

    def test_who_waits_too_long_is_told(self, executable: str, show: Show) -> None:
        with closing(Renderer(executable, limits=QUICK, wait_s=0.2)) as renderer, ThreadPoolExecutor() as pool:
            first = pool.submit(show, "first", by=renderer)  # starts the browser, which takes a second
            time.sleep(0.05)
            with pytest.raises(RenderError, match="busy"):
                show("second", by=renderer)
            assert b"first" in first.result(20).body

    def test_one_that_does_not_start(self, tmp_path: Path, show: Show, executable: str) -> None:
        with closing(Renderer("/bin/false")) as broken, pytest.raises(RenderError, match="could not be started"):
            show("x", by=broken)


class TestFinding:
    def test_the_setting_comes_first(self, executable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        mine = tmp_path / "google-chrome"
        mine.write_text("#!/bin/sh\n")
        mine.chmod(0o755)
        assert find_browser(str(mine)) == str(mine)
        assert find_browser(str(tmp_path / "absent")) is None
        monkeypatch.setenv("PATH", str(tmp_path))
        assert find_browser(None) == str(mine)
        mine.unlink()
        assert find_browser(None) is None


class TestRedirectsOfRequests:
    """Without a browser."""

    def test_a_loop_ends(self) -> None:
        requests = Requests(
            Document("http://a.example/", b"", {}), lambda *_: Answered(302, {"Location": "/"}, b""), Limits()
        )
        with closing(requests), pytest.raises(RenderError, match="Too many redirects"):
            requests._fetch("GET", "http://a.example/", {})
        assert requests.made == 5

    def test_what_the_guard_refuses_is_refused(self) -> None:
        def refuses(*_: object) -> Answered:
            raise Forbidden("no")

        requests = Requests(Document("http://a.example/", b"", {}), refuses, Limits())
        with closing(requests), pytest.raises(Forbidden):
            requests._fetch("GET", "http://10.0.0.1/", {})


class TestRequestsAfterTheEnd:
    def test_are_given_up(self) -> None:
        """A page polls on while it is put away: that must not fail its rendering."""
        get, route = Mock(), Mock()
        requests = Requests(Document("http://a.example/", b"", {}), get, Limits())
        route.request.is_navigation_request.return_value = False
        requests.close()
        requests.take(route)
        route.abort.assert_called_once()
        get.assert_not_called()


def _kill_pages(pid: int) -> None:
    """As an out-of-memory killer does: the processes that pages run in."""
    for line in subprocess.check_output(["ps", "-eo", "pid=,pgid=,args="], text=True).splitlines():
        child, group, args = line.split(None, 2)
        if int(group) == pid and "--type=renderer" in args:
            os.kill(int(child), signal.SIGKILL)


def _group(browser: object) -> list[str]:
    home = str(getattr(browser, "_home"))  # noqa: B009
    found = subprocess.check_output(["ps", "-eo", "args="], text=True).splitlines()
    return [line for line in found if home in line]


def _soon(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()
