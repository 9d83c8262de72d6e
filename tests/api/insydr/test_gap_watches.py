"""Visitors who left an address are told when their question is answered: once, and only after they confirmed it."""

import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.clock import utc_now
from domain.gaps.watching import forget
from domain.models import GapWatch
from tests.support.analytics import settle
from tests.support.client import Workspace, check_error, until
from tests.support.visitor import Page

QUESTION = "How long is the battery covered?"
TEXT = "The battery is covered for two years."


@pytest.fixture
def page(workspace: Workspace) -> Page:
    workspace.ingest("Our office in Riga is open from Monday to Friday.", "office.txt")
    return Page.of(workspace, response_config={"confidence_threshold": 0.1})


@pytest.fixture
def email() -> str:
    return f"visitor-{uuid.uuid4().hex[:8]}@example.com"


def asked(page: Page, question: str = QUESTION) -> str:
    """The id of the answer, which is none."""
    last = page.say(question)[-1]
    assert not last.data["answered"]
    return last.id.partition(":")[0]


def watches(workspace: Workspace) -> list[GapWatch]:
    with workspace.shape.parts.database.read() as session:
        return list(session.scalars(select(GapWatch).where(GapWatch.workspace_id == workspace.id)))


def code_for(workspace: Workspace, email: str) -> str:
    found = re.search(r"\b(\d{6})\b", workspace.shape.mails_to(email)[0])
    assert found
    return found[1]


class TestTold:
    def test_once_it_is_answered(self, workspace: Workspace, page: Page, email: str) -> None:
        reply = page.post("notify", message_id=asked(page), email=email)
        assert reply.status_code == 202, reply.text
        (mail,) = workspace.shape.mails_to(email)
        assert QUESTION not in mail, "who asked for it may have typed a stranger's address"
        confirmed = page.post("notify/confirm", id=reply.json()["id"], code=code_for(workspace, email))
        assert confirmed.status_code == 200, confirmed.text
        settle(workspace)
        workspace.ingest(TEXT, "warranty.txt")
        mails = until(lambda: workspace.shape.mails_to(email), lambda found: len(found) == 2)
        assert QUESTION in mails[0]
        assert TEXT in mails[0]
        assert until(lambda: watches(workspace), lambda found: not found) == []

    def test_not_before_it_is_confirmed(self, workspace: Workspace, page: Page, email: str) -> None:
        """But at once then, where it is answered meanwhile."""
        watch = page.post("notify", message_id=asked(page), email=email).json()["id"]
        settle(workspace)
        workspace.ingest(TEXT, "warranty.txt")
        path = "/analytics/unanswered"
        until(lambda: workspace.get(path).json()["unanswered"][0]["status"], lambda status: status == "RESOLVED")
        assert len(workspace.shape.mails_to(email)) == 1
        assert page.post("notify/confirm", id=watch, code=code_for(workspace, email)).is_success
        until(lambda: workspace.shape.mails_to(email), lambda found: len(found) == 2)

    def test_a_deleted_conversation_takes_the_address_along(self, workspace: Workspace, page: Page, email: str) -> None:
        page.post("notify", message_id=asked(page), email=email)
        assert len(watches(workspace)) == 1
        (one,) = workspace.get("/conversations").json()["conversations"]
        workspace.delete(f"/conversations/{one['id']}")
        assert watches(workspace) == []


class TestCodes:
    def test_a_new_one_replaces_the_last(self, workspace: Workspace, page: Page, email: str) -> None:
        answer = asked(page)
        first = page.post("notify", message_id=answer, email=email).json()["id"]
        old = code_for(workspace, email)
        assert page.post("notify", message_id=answer, email=email).json()["id"] == first
        if old != code_for(workspace, email):
            check_error(page.post("notify/confirm", id=first, code=old), 400, "INVALID_OTP", "code")
        assert page.post("notify/confirm", id=first, code=code_for(workspace, email)).is_success

    def test_are_not_guessed(self, workspace: Workspace, page: Page, email: str) -> None:
        watch = page.post("notify", message_id=asked(page), email=email).json()["id"]
        right = code_for(workspace, email)
        wrong = "000000" if right != "000000" else "111111"
        for _ in range(5):
            check_error(page.post("notify/confirm", id=watch, code=wrong), 400, "INVALID_OTP", "code")
        check_error(page.post("notify/confirm", id=watch, code=right), 400, "INVALID_OTP", "code")

    def test_a_new_one_has_tries_of_its_own(self, workspace: Workspace, page: Page, email: str) -> None:
        answer = asked(page)
        watch = page.post("notify", message_id=answer, email=email).json()["id"]
        for _ in range(6):
            page.post("notify/confirm", id=watch, code="no-one")
        page.post("notify", message_id=answer, email=email)
        assert page.post("notify/confirm", id=watch, code=code_for(workspace, email)).is_success

    def test_expire_and_are_forgotten(self, workspace: Workspace, page: Page, email: str) -> None:
        watch = page.post("notify", message_id=asked(page), email=email).json()["id"]
        with workspace.shape.parts.database.write() as session:
            old = update(GapWatch).where(GapWatch.id == watch)
            session.execute(old.values(created_at=utc_now() - timedelta(hours=2)))
        code = code_for(workspace, email)
        check_error(page.post("notify/confirm", id=watch, code=code), 400, "INVALID_OTP", "code")
        forget(workspace.shape.parts.database)
        assert watches(workspace) == []

    def test_fill_nobodys_inbox(self, workspace: Workspace, page: Page, email: str) -> None:
        answers = [asked(page, f"Where is house number {number}?") for number in range(6)]
        replies = [page.post("notify", message_id=one, email=email).status_code for one in answers]
        assert replies == [202] * 5 + [429]
        assert len(workspace.shape.mails_to(email)) == 5


class TestBadInput:
    def test_is_told(self, workspace: Workspace, page: Page, email: str) -> None:
        check_error(page.post("notify", message_id="msg_ghost", email=email), 404, "MESSAGE_NOT_FOUND", "message_id")
        check_error(page.post("notify", message_id=asked(page), email="nobody"), 400, field="email")
        check_error(page.post("notify/confirm", id="watch_ghost", code="123456"), 400, "INVALID_OTP", "code")
        check_error(page.post("notify/confirm", id="watch_ghost", code="12345"), 400, field="code")

    def test_of_another_page(self, workspace: Workspace, page: Page, email: str) -> None:
        """Neither its answers nor its codes."""
        answer = asked(page)
        other = Page.of(workspace, agent=page.agent)
        check_error(other.post("notify", message_id=answer, email=email), 404, "MESSAGE_NOT_FOUND")
        watch = page.post("notify", message_id=answer, email=email).json()["id"]
        check_error(other.post("notify/confirm", id=watch, code=code_for(workspace, email)), 400, "INVALID_OTP")
