"""The chat widget in a real browser, on pages of another origin, with an API whose answers are scripted."""

import gzip
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import services
from tests.support.widget_site import (
    AGENT,
    HOSTILE,
    KEY,
    LISTEN,
    PATIENCE_MS,
    SEED,
    WIDGET,
    Script,
    WidgetSite,
    answered,
    ask,
    heard,
    page_html,
    wait,
)  # fmt: skip

SOURCES = WIDGET.parents[1] / "widget"
FAILURES: dict[tuple[int, str], tuple[dict[str, str], str]] = {
    (409, "AGENT_PAUSED"): ({}, "This chat is paused"),
    (429, "RATE_LIMITED"): ({"Retry-After": "7"}, "in 7 seconds"),
    (429, "LATER"): ({"Retry-After": "500"}, "Please try again a little later."),
    (429, "QUOTA_EXCEEDED"): ({"Retry-After": "165351"}, "No more messages can be answered here"),
    (503, "BUSY"): ({"Retry-After": "1"}, "in 1 second."),
    (500, "INTERNAL"): ({}, "Something went wrong"),
}
WISHES = [("de", "es", "Senden"), (None, "es", "Enviar"), ("xx", "de", "Senden")]
MARKDOWN = """Use *this* and `a*b`:
1. One
2. Two
   - inner

| A | B |
|---|---|
| 1 | **2** |

```py
x = '<b>'
```
See [it](https://example.com/a_(b)) or https://example.com/c. Not snake_case_ name, 2 * 3 * 4.
# no heading"""
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def server() -> Iterator[WidgetSite]:
    site = WidgetSite()
    yield site
    site.close()


@pytest.fixture
def site(server: WidgetSite) -> WidgetSite:
    server.reset()
    return server


@pytest.fixture
def opened(site: WidgetSite, browser: Any) -> Iterator[Opened]:
    """Opens a page with the widget, whose launcher is then there, and its chat where it is `open`."""
    contexts = []

    def go(options: dict[str, Any] | None = None, *, html: str = "", is_open: bool = True, **context: Any) -> Any:
        contexts.append(browser.new_context(**{"locale": "en-GB", **context}))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.failures = []
        page.on("pageerror", lambda error: page.failures.append(str(error)))
        page.goto(site.add("/", html or page_html(site, options or {})))
        page.locator(".launcher").wait_for()
        if is_open:
            page.locator(".launcher").click()
        return page

    yield go
    failures = [one for context in contexts for page in context.pages for one in page.failures]
    for one in contexts:
        one.close()
    assert failures == []


class TestBuilt:
    def test_it_is_built_from_these_sources(self) -> None:
        files = [one for folder in ("src", "messages") for one in (SOURCES / folder).rglob("*") if one.is_file()]
        digest = hashlib.sha256()
        for path in sorted(one.relative_to(SOURCES).as_posix() for one in files):
            digest.update(path.encode() + b"\0" + (SOURCES / path).read_bytes() + b"\0")
        built = re.search(r"sha256:([0-9a-f]{64})", WIDGET.read_text(encoding="utf-8"))
        assert built
        assert built[1] == digest.hexdigest(), "run `make widget`"

    def test_it_is_small(self) -> None:
        assert len(gzip.compress(WIDGET.read_bytes(), 9)) <= 30 * 1024

    def test_it_parses_no_html_and_runs_no_text(self) -> None:
        code = WIDGET.read_text(encoding="utf-8")
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", code) == []


class TestSnippet:
    def test_the_documented_one_works_as_it_stands(self, site: WidgetSite, opened: Opened) -> None:
        html = f"""<!doctype html><title>T</title><body><script>window.heard = []</script>
          <script src="{site.api}/widget.js"></script><script>{SEED}</script>"""
        page = opened(html=html, is_open=False)
        wait(page, "heard.length === 2")
        first, second = page.evaluate("heard")
        assert (first["role"], first["text"]) == ("user", "Hello!")
        assert second == {"role": "assistant", "text": "Hello from the scripted agent.", "id": "msg_1"}
        assert page.locator(".root.dark.bottom-right .panel").is_visible()
        body = site.calls_of("chat")[0].body
        assert (body["agent_id"], body["message"]) == (AGENT, "Hello!")
        assert body["metadata"]["page_url"] == site.pages_at + "/"
        for name in ("session_id", "client_message_id", "visitor_id"):
            assert re.fullmatch("[0-9a-f]{32}", body[name])
        assert site.calls_of("chat")[0].headers["X-API-Key"] == KEY

    def test_a_wrong_key_shows_nothing_and_says_so_once(self, site: WidgetSite, browser: Any) -> None:
        page, lines = browser.new_page(), []
        page.on("console", lambda line: lines.append(line.text) if "Insydr" in line.text else None)
        page.on("pageerror", lambda error: lines.append(str(error)))
        page.goto(site.add("/", page_html(site, {"apiKey": "pk_live_wrong"})))
        wait(page, "heard.length === 1")
        page.evaluate("InsydrAI.open()")
        assert heard(page, "error")[0]["code"] == "INVALID_API_KEY"
        assert page.locator("insydr-chat").count() == 0
        assert lines == ["Insydr chat is not shown: The API key is not valid. (INVALID_API_KEY)"]
        page.close()

    def test_a_second_init_changes_nothing_and_destroy_removes_all(self, site: WidgetSite, opened: Opened) -> None:
        page = opened()
        page.evaluate(f"InsydrAI.init({{agentId: 'other', apiKey: '{KEY}'}}); InsydrAI.sendMessage('Hi')")
        answered(page)
        assert page.locator("insydr-chat").count() == 1
        assert len(site.calls_of("config")) == 1
        page.evaluate("InsydrAI.destroy()")
        assert page.locator("insydr-chat").count() == 0

    def test_a_listener_that_throws_harms_nobody(self, opened: Opened) -> None:
        page = opened()
        page.evaluate("InsydrAI.on('message', () => { throw new Error('mine') }); InsydrAI.sendMessage('Hi')")
        answered(page)


class TestAnswer:
    def test_it_is_written_as_it_comes_and_said_once(self, site: WidgetSite, opened: Opened) -> None:
        gate = threading.Event()
        site.scripts["Prices?"] = Script(tokens=["Größe **ab", " 10 €** 🎈 ", "mehr."], gate=gate)
        page = opened()
        ask(page, "Prices?")
        bubble = page.locator(".list .assistant .bubble")
        log = page.get_by_role("log")
        page.get_by_text("Größe **ab").wait_for()
        assert page.get_by_label("Send", exact=True).is_disabled()
        page.get_by_label("Write a message").fill("typed meanwhile")
        page.keyboard.press("Enter")
        assert "Größe" not in log.inner_text()
        page.evaluate("""window.said = []; new MutationObserver(all => said.push(all.length)).observe(
          document.querySelector('insydr-chat').shadowRoot.querySelector('[role=log]'),
          {childList: true, subtree: true, characterData: true, attributes: true})""")
        gate.set()
        answered(page)
        assert bubble.inner_text() == "Größe ab 10 € 🎈 mehr."
        assert bubble.locator("strong").inner_text() == "ab 10 €"
        assert log.inner_text().count("Größe ab 10 € 🎈 mehr.") == 1
        assert page.evaluate("said") == [1]
        assert page.locator("insydr-chat [aria-live]:not([aria-live=off])").count() == 1
        assert page.get_by_label("Write a message").input_value() == "typed meanwhile"
        assert len(site.calls_of("chat")) == 1

    def test_a_connection_that_is_cut_is_gone_on_with(self, site: WidgetSite, opened: Opened) -> None:
        site.scripts["Long?"] = Script(tokens=["one ", "twö ", "three ", "four"], cut_after=2)
        page = opened()
        ask(page, "Long?")
        assert answered(page).locator(".bubble").inner_text() == "one twö three four"
        first, second = site.calls_of("chat")
        assert "Last-Event-ID" not in first.headers
        assert second.headers["Last-Event-ID"] == "msg_1:2"
        assert first.body == second.body

    def test_another_answer_begins_anew(self, site: WidgetSite, opened: Opened) -> None:
        site.scripts["Again?"] = Script(tokens=["one ", "two ", "three"], cut_after=2, restarted_as="msg_2")
        page = opened()
        ask(page, "Again?")
        assert answered(page).locator(".bubble").inner_text() == "one two three"
        assert heard(page, "answer")[0]["id"] == "msg_2"

    def test_it_can_be_stopped(self, site: WidgetSite, opened: Opened) -> None:
        gate = site.scripts["Stop?"] = Script(gate=threading.Event())
        page = opened()
        ask(page, "Stop?")
        page.locator(".pending").get_by_text("Hello").wait_for()
        page.get_by_label("Stop the answer").click()
        page.get_by_text("Stopped").wait_for()
        assert page.get_by_label("Send", exact=True).is_enabled()
        assert heard(page, "answer") == []
        assert gate.gate
        gate.gate.set()

    @pytest.mark.parametrize(("status", "code"), FAILURES)
    def test_what_failed_can_be_tried_again(self, site: WidgetSite, opened: Opened, status: int, code: str) -> None:
        headers, words = FAILURES[status, code]
        error = {"code": code, "detail": HOSTILE}
        site.scripts["Hm?"] = Script(status=status, error=error, headers=headers, times=1)
        page = opened()
        ask(page, "Hm?")
        page.locator(".note.failed", has_text=words).wait_for()
        assert heard(page, "error")[0]["code"] == code
        page.get_by_role("button", name="Try again").click()
        answered(page)
        assert page.locator(".note").count() == 0
        assert len({one.body["client_message_id"] for one in site.calls_of("chat")}) == 1

    def test_when_messages_are_used_up_a_person_is_offered(self, site: WidgetSite, opened: Opened) -> None:
        error = {"code": "DAILY_LIMIT", "detail": "No more."}
        site.scripts["Hm?"] = Script(status=429, error=error, headers={"Retry-After": "9000"})
        page = opened()
        ask(page, "Hm?")
        page.get_by_role("button", name="Talk to a person").click()
        page.get_by_label("E-mail").wait_for()

    def test_its_sources_are_quoted(self, site: WidgetSite, opened: Opened) -> None:
        sources = [{"title": "Manual", "quote": "It costs 10 €.", "url": "https://example.com/m#page=3", "page": 3},
                   {"title": "Bad", "chunk_preview": "Preview", "url": "javascript:hit=1", "page": None}]  # fmt: skip
        site.scripts["Where?"] = Script(sources=sources, done={"confidence": 0.6})
        page = opened()
        ask(page, "Where?")
        answer = answered(page)
        opener = answer.get_by_role("button", name="2 sources")
        assert opener.get_attribute("aria-expanded") == "false"
        opener.click()
        assert opener.get_attribute("aria-expanded") == "true"
        link = answer.get_by_role("link")
        assert [link.count(), link.get_attribute("href")] == [1, "https://example.com/m#page=3"]
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"
        assert answer.locator("blockquote").all_inner_texts() == ["It costs 10 €.", "Preview"]
        assert answer.get_by_text("Page 3").is_visible()
        assert answer.get_by_text("Probably right").is_visible()


class TestVisitor:
    def test_thumbs_and_a_comment(self, site: WidgetSite, opened: Opened) -> None:
        page = opened()
        ask(page, "Hi")
        answer = answered(page)
        answer.get_by_label("Helpful", exact=True).click()
        down = answer.get_by_label("Not helpful")
        down.click()
        answer.get_by_label("What was missing or wrong?").fill("The price")
        answer.get_by_role("button", name="Send comment").click()
        wait(page, "heard.filter(one => one[0] === 'feedback').length === 3")
        pressed = [one.get_attribute("aria-pressed") for one in (down, answer.get_by_label("Helpful", exact=True))]
        assert pressed == ["true", "false"]
        bodies = [one.body for one in site.calls_of("feedback")]
        assert [one["feedback_type"] for one in bodies] == ["THUMBS_UP", "THUMBS_DOWN", "THUMBS_DOWN"]
        assert bodies[-1] == {"message_id": "msg_1", "feedback_type": "THUMBS_DOWN", "comment": "The price"}

    def test_a_person_is_asked_for(self, site: WidgetSite, opened: Opened) -> None:
        site.scripts["Help"] = Script(tokens=["I do not know."], done={"answered": False, "offer_escalation": True})
        site.post_errors["escalate"] = 500
        page = opened()
        ask(page, "Help")
        answered(page)
        page.get_by_role("button", name="Talk to a person").click()
        page.get_by_label("E-mail").fill("nobody")
        page.get_by_role("button", name="Send to the team").click()
        page.get_by_text("Please enter a valid e-mail address.").wait_for()
        assert site.calls_of("escalate") == []
        page.get_by_label("E-mail").fill("ada@example.com")
        page.get_by_label("Message (optional)").fill("Please call")
        page.get_by_role("button", name="Send to the team").click()
        page.get_by_text("That could not be sent.").wait_for()
        site.post_errors.clear()
        page.get_by_role("button", name="Send to the team").click()
        page.locator(".note", has_text="A person will write to ada@example.com.").wait_for()
        body = site.calls_of("escalate")[-1].body
        assert (body["email"], body["message"]) == ("ada@example.com", "Please call")
        assert body["session_id"] == site.calls_of("chat")[0].body["session_id"]
        assert heard(page, "escalate")[0]["id"] == "esc_1"

    def test_nothing_is_stored_before_the_first_message(self, site: WidgetSite, opened: Opened) -> None:
        stored = "[localStorage.length, sessionStorage.length, document.cookie.length]"
        page = opened(is_open=False)
        page.get_by_label("Close greeting").click()
        page.locator(".launcher").click()
        assert page.evaluate(stored) == [0, 0, 0]
        ask(page, "Hi")
        answered(page)
        assert page.evaluate(stored) == [0, 1, 0]
        page.get_by_label("More options").click()
        page.get_by_role("button", name="Delete this chat").click()
        assert page.evaluate(stored) == [0, 0, 0]
        assert page.locator(".list .message").count() == 0

    def test_a_reload_goes_on(self, site: WidgetSite, opened: Opened) -> None:
        page = opened()
        ask(page, "Hi")
        answered(page)
        page.reload()
        page.locator(".launcher").click()
        assert page.locator(".list .bubble").all_inner_texts() == ["Hi", "Hello from the scripted agent."]
        ask(page, "And?")
        answered(page)
        assert len({one.body["session_id"] for one in site.calls_of("chat")}) == 1

    def test_storage_that_throws_is_survived(self, site: WidgetSite, opened: Opened) -> None:
        broken = "<script>Object.defineProperty(window,'sessionStorage',{get(){throw new Error('no')}})</script>"
        page = opened(html=page_html(site, {}, head=broken))
        ask(page, "Hi")
        answered(page)
        assert "visitor_id" not in site.calls_of("chat")[0].body


class TestHostile:
    def test_texts_stay_texts(self, site: WidgetSite, opened: Opened) -> None:
        behavior = {"greeting_message": HOSTILE, "suggested_questions": [HOSTILE]}
        site.config |= {"agent_name": HOSTILE, "behavior": site.config["behavior"] | behavior,
                        "branding": {"avatar_url": "javascript:window.hit=1"}}  # fmt: skip
        source = {"title": HOSTILE, "quote": HOSTILE, "url": "javascript:window.hit=1", "page": HOSTILE}
        tokens = [HOSTILE, " [a](JaVaScRiPt:hit=1) [b](data:text/html,x)"]
        site.scripts[HOSTILE] = Script(tokens=tokens, sources=[source], done={"notice": HOSTILE})
        page = opened(is_open=False)
        page.locator(".greeting", has_text="<img").wait_for()
        page.locator(".launcher").click()
        page.locator(".suggestion").click()
        answer = answered(page)
        answer.get_by_role("button", name="1 source").click()
        for text in ("<img src=x", "[go](javascript:window.hit=1)", "[a](JaVaScRiPt:hit=1)", "[b](data:text/html,x)"):
            assert text in answer.locator(".bubble").inner_text()
        assert page.locator("insydr-chat :is(img, script, a, iframe)").count() == 0
        assert page.evaluate("window.hit") is None

    def test_markdown(self, site: WidgetSite, opened: Opened) -> None:
        site.scripts["Md"] = Script(tokens=list(MARKDOWN), pause_s=0)
        page = opened()
        ask(page, "Md")
        bubble = answered(page).locator(".bubble")
        parts = "em,p>code,ol>li,ul>li,th,td,td>strong,pre,a,br"
        assert (
            bubble.locator(parts).evaluate_all("all => all.map(one => one.tagName).join(' ')")
            == "EM CODE LI LI LI TH TH TD TD STRONG PRE A A BR"
        )
        addresses = bubble.locator("a").evaluate_all("all => all.map(one => one.href)")
        assert addresses == ["https://example.com/a_(b)", "https://example.com/c"]
        assert bubble.locator("pre").inner_text() == "x = '<b>'"
        assert "snake_case_ name, 2 * 3 * 4.\n# no heading" in bubble.inner_text()
        assert bubble.get_by_role("button", name="Copy").is_visible()


class TestPage:
    def test_a_strict_policy_lets_it_in(self, site: WidgetSite, opened: Opened) -> None:
        """No inline script, no inline style, no picture."""
        script = f"window.heard=[];InsydrAI.init({{agentId:'{AGENT}',apiKey:'{KEY}'}});{LISTEN}"
        site.add("/page.js", script, "text/javascript")
        policy = f"default-src 'none'; script-src {site.api} {site.pages_at}; connect-src {site.api}; style-src 'none'"
        scripts = f"<script src='{site.api}/widget.js'></script><script src='/page.js'></script>"
        html = f"<!doctype html><title>T</title><style>h1{{color:red}}</style><h1>Shop</h1>{scripts}"
        site.add("/strict", html, Content_Security_Policy=policy)
        page = opened(html="<!doctype html><script>location = '/strict'</script>")
        assert page.locator("h1").evaluate("one => getComputedStyle(one).color") == "rgb(0, 0, 0)", "no policy holds"
        ask(page, "Hi")
        page.get_by_label("Not helpful").wait_for()
        assert page.locator(".launcher").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(79, 70, 229)"

    def test_styles_of_the_page_stay_outside(self, site: WidgetSite, opened: Opened) -> None:
        rules = """*{all:unset!important;color:lime!important}
                   div,section,button,body>*{display:none!important;opacity:0!important;transform:scale(.1)!important}"""
        plain = opened(is_open=False).locator(".launcher").bounding_box()
        reset = opened(html=page_html(site, {}, head=f"<style>{rules}</style>"), is_open=False)
        assert reset.locator(".launcher").bounding_box() == plain
        reset.locator(".launcher").click()
        assert reset.locator(".panel").is_visible()
        assert reset.locator(".header h2").evaluate("one => getComputedStyle(one).color") == "rgb(27, 31, 39)"

    def test_nothing_on_the_page_moves(self, site: WidgetSite, opened: Opened) -> None:
        size = "(all => [all.scrollWidth, all.scrollHeight, document.body.offsetHeight])(document.documentElement)"
        html = page_html(site, {}).replace("InsydrAI.init", f"window.before = {size};InsydrAI.init")
        page = opened(html=html, is_open=False)
        assert page.evaluate(size) == page.evaluate("before")
        page.locator(".launcher").click()
        assert page.evaluate(size) == page.evaluate("before")


class TestPeople:
    def test_keys(self, site: WidgetSite, opened: Opened) -> None:
        page = opened(is_open=False)
        focused = "document.querySelector('insydr-chat').shadowRoot.activeElement?.className"
        page.locator(".launcher").focus()
        page.keyboard.press("Enter")
        page.keyboard.type("One")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("Two")
        page.keyboard.press("Enter")
        answered(page)
        assert site.calls_of("chat")[0].body["message"] == "One\nTwo"
        page.keyboard.press("Escape")
        assert not page.locator(".panel").is_visible()
        assert page.evaluate(focused) == "launcher"
        assert [name for name, _ in page.evaluate("heard")][-1] == "close"

    def test_a_phone_shows_nothing_else(self, opened: Opened) -> None:
        page = opened(viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True, reduced_motion="reduce")
        panel = page.get_by_role("dialog")
        assert panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 700}
        assert panel.get_attribute("aria-modal") == "true"
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.tagName") == "INSYDR-CHAT"
        page.locator(".panel").get_by_label("Close chat").click()
        assert not panel.is_visible()

    def test_zoomed_to_200_percent_all_can_be_reached(self, opened: Opened) -> None:
        page = opened(viewport={"width": 640, "height": 360}, device_scale_factor=2)
        for one in (page.get_by_label("Write a message"), page.get_by_label("Close chat").first):
            box = one.bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 360
        assert page.locator(".scroller").bounding_box()["height"] >= 120

    def test_arabic_is_from_right_to_left(self, site: WidgetSite, opened: Opened) -> None:
        site.config["language"] = None
        page = opened(html=page_html(site, {}, attributes="lang='ar' dir='rtl'"))
        assert page.locator(".root").get_attribute("dir") == "rtl"
        assert page.get_by_role("heading", name="Support Bot").is_visible()
        close, avatar = page.locator(".panel .tool").last.bounding_box(), page.locator(".avatar").bounding_box()
        assert close["x"] < avatar["x"]
        assert page.locator(".launcher").bounding_box()["x"] > 1000

    @pytest.mark.parametrize(("option", "page_says", "words"), WISHES)
    def test_languages(self, site: WidgetSite, opened: Opened, option: str | None, page_says: str, words: str) -> None:
        site.config["language"] = None
        options = {"language": option} if option else {}
        page = opened(html=page_html(site, options, attributes=f"lang='{page_says}'"))
        assert page.locator(".send").get_attribute("aria-label") == words

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_axe_finds_nothing(self, site: WidgetSite, opened: Opened, theme: str) -> None:
        axe = Path(services.module("axe_playwright_python").__file__).with_name("axe.min.js")
        source = {"title": "T", "quote": "Q", "url": "https://example.com"}
        done = {"offer_escalation": True, "notice": "N"}
        site.scripts["All"] = Script(tokens=[MARKDOWN], sources=[source], done=done)
        site.scripts["No"] = Script(status=500)
        page = opened({"theme": theme, "primaryColor": "#ffd400"}, is_open=False, reduced_motion="reduce")
        page.locator(".greeting").wait_for()
        page.evaluate(axe.read_text(encoding="utf-8"))
        found = "async () => (await axe.run()).violations.map(one => [one.id, one.nodes.map(node => node.html)])"
        assert page.evaluate(found) == []
        page.locator(".launcher").click()
        ask(page, "All")
        answer = answered(page)
        answer.get_by_role("button", name="1 source").click()
        answer.get_by_label("Not helpful").click()
        ask(page, "No")
        page.locator(".note.failed").wait_for()
        page.get_by_label("More options").click()
        assert page.evaluate(found) == []
        page.locator(".entry").first.click()
        page.get_by_role("button", name="Send to the team").click()
        assert page.evaluate(found) == []
