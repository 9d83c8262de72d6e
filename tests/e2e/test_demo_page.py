"""The sample page of a running installation in a real browser: the widget against the API itself."""

from typing import Any

import httpx
import pytest

from tests.support.client import Workspace, until
from tests.support.visitor import Page

QUESTION, ANSWER = "How long is the battery covered?", "The battery is covered for two years."
PATIENCE_MS = 15_000


@pytest.fixture
def own(workspace: Workspace) -> str:
    """Host and port of the server, as a key's domain."""
    workspace.ingest(ANSWER, "warranty.txt")
    return str(httpx.URL(str(workspace.shape.http.base_url)).netloc.decode())


def opened(browser: Any, page: Page) -> Any:
    tab = browser.new_context(locale="en-GB").new_page()
    tab.set_default_timeout(PATIENCE_MS)
    tab.failures = []
    tab.on("pageerror", lambda error: tab.failures.append(str(error)))
    tab.on("console", lambda one: tab.failures.append(one.text) if one.type == "error" else None)
    tab.goto(f"{str(page.shape.http.base_url).rstrip('/')}/demo/{page.agent}#{page.key}")
    tab.locator(".launcher").click()
    return tab


def ask(tab: Any, question: str) -> None:
    tab.get_by_role("textbox", name="Write a message").fill(question)
    tab.keyboard.press("Enter")


def test_a_visitor_asks_and_gives_a_thumb_and_asks_for_a_human(browser: Any, workspace: Workspace, own: str) -> None:
    page = Page.of(workspace, own, response_config={"confidence_threshold": 0})
    tab = opened(browser, page)
    ask(tab, QUESTION)
    tab.get_by_text(ANSWER, exact=True).first.wait_for()
    tab.get_by_role("button", name="1 source").click()
    tab.locator("blockquote", has_text=ANSWER).wait_for()
    tab.get_by_role("button", name="Helpful", exact=True).click()
    until(lambda: conversation(workspace)["feedback"], lambda thumbs: thumbs["thumbs_up"] == 1)
    tab.reload()
    tab.locator(".launcher").click()
    tab.get_by_text(ANSWER, exact=True).first.wait_for()
    tab.get_by_role("button", name="More options").click()
    tab.get_by_text("Talk to a person").first.click()
    tab.locator("input[type=email]").fill("visitor@example.com")
    tab.get_by_role("button", name="Send to the team").click()
    until(lambda: conversation(workspace)["email"], lambda email: email == "visitor@example.com")
    found = conversation(workspace)
    assert (found["channel"], found["message_count"], found["escalated"]) == ("WIDGET", 2, True)
    assert found["page_url"].endswith(f"/demo/{page.agent}")
    assert tab.failures == []
    tab.context.close()


def test_what_is_not_known_offers_a_human(browser: Any, workspace: Workspace, own: str) -> None:
    fallback = {"response_config": {"confidence_threshold": 1}, "fallback_message": "I do not know that."}
    tab = opened(browser, Page.of(workspace, own, **fallback))
    ask(tab, QUESTION)
    tab.get_by_text("I do not know that.").wait_for()
    tab.get_by_role("button", name="Talk to a person").wait_for()
    tab.context.close()


def test_a_paused_agent_says_so(browser: Any, workspace: Workspace, own: str) -> None:
    page = Page.of(workspace, own)
    workspace.post(f"/agents/{page.agent}/pause")
    tab = opened(browser, page)
    tab.get_by_text("This chat is paused").first.wait_for()
    tab.context.close()


def test_a_proof_of_work_is_computed(browser: Any, workspace: Workspace, own: str) -> None:
    tab = opened(browser, Page.of(workspace, own, widget_config={"protection": {"proof_of_work": True}}))
    ask(tab, QUESTION)
    tab.get_by_text(ANSWER, exact=True).first.wait_for()
    ask(tab, "And again?")
    until(lambda: conversation(workspace)["message_count"], lambda count: count == 4)
    tab.context.close()


def conversation(workspace: Workspace) -> dict[str, Any]:
    (one,) = workspace.get("/conversations").json()["conversations"]
    return dict(one)


class TestFiles:
    def test_the_script_is_for_pages_of_any_origin(self, workspace: Workspace) -> None:
        reply = workspace.shape.http.get("/widget.js", headers={"Origin": "https://shop.example.com"})
        assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
        assert (reply.headers["access-control-allow-origin"], reply.headers["content-encoding"]) == ("*", "gzip")
        assert "InsydrAI" in reply.text
        plain = workspace.shape.http.get("/widget.js", headers={"Accept-Encoding": "identity"})
        assert plain.text == reply.text
        known = workspace.shape.http.get("/widget.js", headers={"If-None-Match": reply.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")

    def test_the_sample_page_runs_our_scripts_only(self, workspace: Workspace) -> None:
        reply = workspace.shape.http.get("/demo/agent_x")
        assert reply.status_code == 200
        policy = reply.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "onclick" not in reply.text
