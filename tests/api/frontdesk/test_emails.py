"""FrontDesk 3.5: mails, as the sandbox plays them."""

import base64
import uuid
from typing import Any

import jsonschema
import pytest

from domain.events.catalogue import EVENTS
from domain.models import Email
from tests.support.client import Workspace
from tests.support.office import Desk, check_message
from tests.support.site import Site
from tests.support.webhooks import hook, verified

TO = "ada@example.com"
MAIL = {"to": TO, "subject": "Hello", "body": "See you at ten."}
OURS = "front-desk@sandbox.invalid"


def attachment(content: bytes = b"%PDF-", name: str = "offer.pdf", kind: str = "application/pdf") -> dict[str, str]:
    return {"filename": name, "content": base64.b64encode(content).decode(), "contentType": kind}


def files(desk: Desk) -> list[str]:
    return sorted(desk.shape.parts.blobs.keys(f"{desk.workspace.id}/"))


def referred(desk: Desk, email_id: str) -> list[str]:
    with desk.shape.parts.database.read() as session:
        return list(session.get_one(Email, email_id).references)


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    desk = Desk(workspace)
    desk.settings(sandbox={"message_s": 0})
    return desk


class TestSend:
    def test_a_mail_is_delivered(self, desk: Desk) -> None:
        made = desk.made("/emails", **MAIL, cc=["Bob Ä <Bob@Example.com>"], priority="high")
        assert made.keys() == {
            "id", "direction", "from", "to", "cc", "subject", "body", "bodyHtml", "attachments", "threadId",
            "customerId", "priority", "status", "error", "provider", "messageId", "sentAt", "createdAt", "updatedAt",
        }  # fmt: skip
        assert (made["id"][:4], made["threadId"][:4]) == ("eml_", "thr_")
        assert (made["from"], made["to"], made["cc"]) == (OURS, [TO], ["Bob Ä <bob@example.com>"])
        assert (made["direction"], made["status"], made["provider"]) == ("outbound", "queued", "sandbox")
        assert made["messageId"] == f"<{made['id']}@sandbox.invalid>"
        assert (made["priority"], made["bodyHtml"], made["customerId"], made["sentAt"]) == ("high", None, None, None)
        sent = desk.until(f"/emails/{made['id']}", lambda now: now["status"] == "delivered")
        assert sent["updatedAt"] >= sent["sentAt"] >= made["createdAt"]
        assert sent["error"] is None

    @pytest.mark.parametrize("outcome", ["bounced", "failed"])
    def test_outcomes(self, desk: Desk, outcome: str) -> None:
        made = desk.made("/emails", **MAIL, sandbox={"outcome": outcome, "delaySeconds": 0})
        sent = desk.until(f"/emails/{made['id']}", lambda now: now["status"] == outcome)
        assert outcome in sent["error"]
        assert (sent["sentAt"] is None) == (outcome == "failed")

    def test_to_a_lead(self, desk: Desk) -> None:
        lead = desk.made("/leads", email=TO)
        made = desk.made("/emails", **{**MAIL, "to": ["x@example.com", "Ada <ADA@example.com>", TO]})
        assert made["customerId"] == lead["id"]
        assert made["to"] == ["x@example.com", "Ada <ada@example.com>"]
        assert desk.get("/leads").json()["total"] == 1  # nobody is made a lead by being written to

    @pytest.mark.parametrize("status", ["draft", "pending_approval"])
    def test_kept_and_sent_later(self, desk: Desk, status: str) -> None:
        made = desk.made("/emails", **MAIL, status=status)
        assert made["status"] == status
        desk.settings(address="desk@example.com")
        reply = desk.post(f"/emails/{made['id']}/send")
        assert (reply.status_code, reply.json()["status"], reply.json()["from"]) == (200, "queued", "desk@example.com")
        sent = desk.until(f"/emails/{made['id']}", lambda now: now["status"] == "delivered")
        assert sent["messageId"] == made["messageId"]
        check_message(desk.post(f"/emails/{made['id']}/send"), 409, "delivered")
        check_message(desk.post("/emails/eml_x/send"), 404, "no such mail")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"to": None}, ["to"]), ({"to": []}, ["to"]), ({"to": "ada"}, ["to"]), ({"to": [TO, "b@"]}, ["to"]),
            ({"to": [f"a{n}@example.com" for n in range(51)]}, ["to"]), ({"cc": "x"}, ["cc"]),
            ({"subject": None}, ["subject"]), ({"subject": " "}, ["subject"]), ({"subject": "x" * 999}, ["subject"]),
            ({"body": None}, ["body"]), ({"body": " \n"}, ["body"]), ({"body": "x" * 200_001}, ["body"]),
            ({"body": None, "bodyHtml": "<script>alert(1)</script>"}, ["bodyHtml"]),
            ({"bodyHtml": "<div>" * 2_000}, ["bodyHtml", "deep"]),
            ({"priority": "now"}, ["priority"]), ({"status": "sent"}, ["status"]),
            ({"sandbox": {"outcome": "lost"}}, ["outcome"]), ({"sandbox": {"delaySeconds": 601}}, ["delaySeconds"]),
            ({"attachments": [{"filename": "a", "content": "%%%"}]}, ["attachments.0.content", "Base64"]),
            ({"attachments": [attachment(name="../a")]}, ["name"]), ({"attachments": [attachment()] * 21}, ["attach"]),
            ({"attachments": [attachment(kind="text/html\r\nX: y")]}, ["contentType"]),
            ({"text": "x"}, ["There is no such field"]), ({"body_html": "x"}, ["bodyHtml"]),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(self, desk: Desk, change: dict[str, Any], words: list[str]) -> None:
        body = {name: value for name, value in {**MAIL, **change}.items() if value is not None}
        check_message(desk.post("/emails", json=body), 400, *words)
        assert desk.get("/emails").json()["total"] == 0
        assert files(desk) == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("subject", "Hello\r\nBcc: eve@example.com"), ("subject", "Hello\nX: y"), ("subject", "a\u2028b"),
            ("to", "ada@example.com\r\nBcc: eve@example.com"), ("to", "Ada\r\nBcc: eve <ada@example.com>"),
            ("to", "Ada\n <ada@example.com>"), ("cc", ["ada@example.com,eve@example.com"]),
            ("to", "Ada <ada@example.com>, Eve <eve@example.com>"), ("to", "Ada <ada@example.com> <eve@example.com>"),
        ],
    )  # fmt: skip
    def test_no_header_can_be_slipped_in(self, desk: Desk, field: str, value: Any) -> None:
        check_message(desk.post("/emails", json={**MAIL, field: value}), 400, field)

    def test_written_in_the_audit_log_without_its_text(self, desk: Desk, workspace: Workspace) -> None:
        made = desk.made("/emails", **MAIL)
        draft = desk.made("/emails", **MAIL, status="draft")
        desk.post(f"/emails/{draft['id']}/send")
        log = workspace.get("/audit", params={"action": "EMAIL_SENT"})
        assert [one["target"]["id"] for one in log.json()["entries"]] == [draft["id"], made["id"]]
        assert "See you" not in log.text
        assert TO not in log.text


class TestHtml:
    @pytest.mark.parametrize(
        ("given", "gone"),
        [
            ("<p>Hi<script>alert(1)</script></p>", "alert"), ("<p onclick='x()'>Hi</p>", "onclick"),
            ("<p>Hi<img src=x onerror=alert(1)></p>", "onerror"), ("<a href='javascript:x()'>Hi</a>", "javascript"),
            ("<a href=' jAvA\tscript:x()'>Hi</a>", "script"), ("Hi<img src='data:image/svg+xml,x'>", "data:"),
            ("<a href='data:text/html,x'>Hi</a>", "data:"),
            ("<iframe srcdoc='<script>x</script>'></iframe>Hi", "frame"),
            ("Hi<svg><script>x</script></svg>", "script"), ("<form action=/x><input>Hi</form>", "form"),
            ("<style>p{background:url(x)}</style>Hi", "background"), ("<p style='position:fixed'>Hi</p>", "style"),
            ("<math><mtext><table><mglyph><style><img src=x onerror=y>Hi", "onerror"), ("<a href='/x'>Hi</a>", "/x"),
            ("<base href='https://evil.example'>Hi", "base"), ("Hi<!--<img src=x onerror=y>-->", "onerror"),
            ("<noscript><p title='</noscript><img src=x onerror=y>'>Hi", "<img src=\"x\" onerror"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("path", ["/emails", "/emails/receive"])
    def test_what_could_run_goes(self, desk: Desk, path: str, given: str, gone: str) -> None:
        who = {"to": TO} if path == "/emails" else {"from": TO}
        made = desk.made(path, subject="x", bodyHtml=given, body="Hi", **who)
        assert gone not in (made["bodyHtml"] or "")

    def test_links_and_the_text_beside_it(self, desk: Desk) -> None:
        html = "<h1>Offer</h1><p>See <a href='https://example.com/a' target=_blank>here</a><br>or call.</p>"
        made = desk.made("/emails", to=TO, subject="x", bodyHtml=html)
        assert '<a href="https://example.com/a" rel="noopener noreferrer">here</a>' in made["bodyHtml"]
        assert made["body"] == "Offer\n\nSee here <https://example.com/a>\nor call."
        both = desk.made("/emails", to=TO, subject="x", body="Mine", bodyHtml=html)
        assert both["body"] == "Mine"


class TestShapes:
    def test_in_both_shapes(self, shaped: Workspace) -> None:
        desk = Desk(shaped)
        desk.settings(sandbox={"message_s": 0})
        came = desk.made("/emails/receive", **{"from": TO}, subject="Ten?", body="x", messageId="<a@b>")
        again = desk.post("/emails/receive", json={"from": TO, "messageId": "a@b", "attachments": [attachment()]})
        assert (again.status_code, again.json()) == (200, came)
        made = desk.made("/emails", to=TO, body="Yes.", threadId=came["threadId"], attachments=[attachment(b"pdf")])
        assert (made["subject"], made["customerId"]) == ("Re: Ten?", came["customerId"])
        desk.until(f"/emails/{made['id']}", lambda now: now["status"] == "delivered")
        assert desk.get(f"/emails/{made['id']}/attachments/{made['attachments'][0]['id']}").content == b"pdf"
        assert [one["id"] for one in desk.get("/emails?search=TEN").json()["emails"]] == [made["id"], came["id"]]
        assert len(files(desk)) == 1


class TestThreads:
    def test_a_reply_goes_on_where_the_thread_is(self, desk: Desk) -> None:
        first = desk.made("/emails/receive", **{"from": "Ada <ada@example.com>"}, subject="Ten?", messageId="<a@b.c>")
        reply = desk.made("/emails", to=TO, body="Yes.", threadId=first["threadId"])
        assert (reply["threadId"], reply["subject"]) == (first["threadId"], "Re: Ten?")
        assert reply["customerId"] == first["customerId"]
        assert referred(desk, reply["id"]) == ["<a@b.c>"]
        answer = desk.made(
            "/emails/receive", **{"from": TO}, subject="Re: Ten?", body="Good.", inReplyTo=reply["messageId"]
        )
        assert answer["threadId"] == first["threadId"]
        last = desk.made("/emails", to=TO, body="See you.", threadId=first["threadId"])
        assert last["subject"] == "Re: Ten?"
        assert referred(desk, last["id"]) == [reply["messageId"], answer["messageId"]]
        mine = desk.made("/emails", to=TO, body="x", subject="Other", threadId=first["threadId"])
        assert mine["subject"] == "Other"
        listed = desk.get("/emails", params={"threadId": first["threadId"]}).json()
        assert [one["id"] for one in listed["emails"]] == [
            one["id"] for one in (mine, last, answer, reply, first)
        ]  # fmt: skip

    def test_nobody_refers_to_a_draft(self, desk: Desk) -> None:
        first = desk.made("/emails", **MAIL)
        desk.made("/emails", to=TO, body="Perhaps.", threadId=first["threadId"], status="draft")
        reply = desk.made("/emails", to=TO, body="Surely.", threadId=first["threadId"])
        assert referred(desk, reply["id"]) == [first["messageId"]]

    def test_a_thread_of_nobody_or_another(self, desk: Desk, workspace: Workspace) -> None:
        other = Desk(workspace.account.workspace("Other")).made("/emails", **MAIL)
        for thread_id in ("thr_x", other["threadId"]):
            body = {**MAIL, "threadId": thread_id, "attachments": [attachment()]}
            check_message(desk.post("/emails", json=body), 404, "thread")
            check_message(desk.post("/emails/receive", json={"from": TO, "threadId": thread_id}), 404, "thread")
        assert files(desk) == []

    def test_another_workspaces_mail_makes_no_thread_here(self, desk: Desk, workspace: Workspace) -> None:
        other = Desk(workspace.account.workspace("Other")).made("/emails", **MAIL)
        made = desk.made("/emails/receive", **{"from": TO}, references=f"<x@y> {other['messageId']}")
        assert made["threadId"] != other["threadId"]


class TestReceive:
    def test_a_mail_comes_in_once(self, desk: Desk, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "email.received")
        body = {
            "from": "Ada Lovelace <ada@example.com>", "to": OURS, "cc": "bob@example.com", "subject": "Ten?",
            "bodyHtml": "<p>Can I come at <b>ten</b>?</p>", "messageId": f"{uuid.uuid4()}@example.com",
            "attachments": [attachment()],
        }  # fmt: skip
        first = desk.made("/emails/receive", **body)
        assert (first["direction"], first["status"], first["from"]) == ("inbound", "received", body["from"])
        assert (first["to"], first["cc"], first["body"]) == ([OURS], ["bob@example.com"], "Can I come at ten?")
        assert first["messageId"] == f"<{body['messageId']}>"
        lead = desk.get(f"/leads/{first['customerId']}").json()
        assert (lead["name"], lead["email"], lead["source"]) == ("Ada Lovelace", TO, "email")
        again = desk.post("/emails/receive", json={**body, "messageId": first["messageId"], "subject": "Other"})
        assert (again.status_code, again.json()) == (200, first)
        assert len(files(desk)) == 1
        second = desk.made("/emails/receive", **{"from": TO}, body="x")
        assert (second["customerId"], second["subject"], second["to"]) == (lead["id"], "", [OURS])
        told = [verified(one, mine.secret) for one in mine.received(2)]
        by_id = {one["data"]["id"]: one["data"] for one in told}
        assert by_id.keys() == {first["id"], second["id"]}
        assert by_id[first["id"]] == {
            "id": first["id"], "threadId": first["threadId"], "from": first["from"], "to": [OURS], "subject": "Ten?",
            "body": "Can I come at ten?", "receivedAt": first["createdAt"], "customerId": lead["id"],
        }  # fmt: skip
        jsonschema.validate(by_id[first["id"]], EVENTS["email.received"].schema)
        assert told[0]["event"] == "email.received"

    def test_one_that_was_sent_from_here_cannot_come_in(self, desk: Desk) -> None:
        sent = desk.made("/emails", **MAIL)
        reply = desk.post("/emails/receive", json={"from": TO, "messageId": sent["messageId"]})
        check_message(reply, 409, "inReplyTo")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"from": "ada"}, ["from"]), ({"subject": "a\r\nb"}, ["subject"]), ({"messageId": "<a b>"}, ["messageId"]),
            ({"messageId": "<a>\r\nX: y"}, ["messageId"]), ({"inReplyTo": "<>"}, ["inReplyTo"]),
            ({"references": ["<a> <b>"]}, ["references"]), ({"outcome": "x"}, ["There is no such field"]),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(self, desk: Desk, change: dict[str, Any], words: list[str]) -> None:
        check_message(desk.post("/emails/receive", json={"from": TO, **change}), 400, *words)


class TestAttachments:
    def test_kept_and_downloaded(self, desk: Desk) -> None:
        page = b"<script>alert(1)</script>"
        made = desk.made(
            "/emails", **MAIL, attachments=[attachment(page, 'Ä "x".html', "text/html"), attachment(b"", "a/b.txt")]
        )
        html, text = made["attachments"]
        assert html.keys() == {"id", "filename", "contentType", "size"}
        assert (html["filename"], html["contentType"], html["size"]) == ('Ä "x".html', "text/html", len(page))
        assert (text["filename"], text["size"]) == ("b.txt", 0)
        reply = desk.get(f"/emails/{made['id']}/attachments/{html['id']}")
        assert (reply.status_code, reply.content) == (200, page)
        assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%84%20%22x%22.html"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-type"] == "application/octet-stream"
        assert desk.get(f"/emails/{made['id']}/attachments/{text['id']}").content == b""
        assert "content" not in desk.get("/emails").json()["emails"][0]["attachments"][0]
        assert len(files(desk)) == 2

    def test_of_another_mail_or_workspace(self, desk: Desk, workspace: Workspace) -> None:
        made = desk.made("/emails", **MAIL, attachments=[attachment()])
        other = desk.made("/emails", **MAIL)
        (one,) = made["attachments"]
        check_message(desk.get(f"/emails/{other['id']}/attachments/{one['id']}"), 404, "attachment")
        strange = Desk(workspace.account.workspace("Other"))
        check_message(strange.get(f"/emails/{made['id']}/attachments/{one['id']}"), 404, "mail")


class TestList:
    def test_filters(self, desk: Desk) -> None:
        draft = desk.made("/emails", to=TO, subject="An Offer", body="x", status="draft")
        came = desk.made("/emails/receive", **{"from": TO}, subject="100% yours", body="x")
        sent = desk.made("/emails", to=TO, subject="100 yours", body="x", sandbox={"delaySeconds": 600})
        for params, wanted in (
            ({}, [sent, came, draft]), ({"status": "draft"}, [draft]), ({"direction": "inbound"}, [came]),
            ({"search": "offer"}, [draft]), ({"search": "100%"}, [came]),
            ({"customerId": came["customerId"]}, [sent, came]),
            ({"threadId": sent["threadId"]}, [sent]), ({"from": came["createdAt"]}, [sent, came]),
            ({"to": came["createdAt"]}, [draft]), ({"limit": 1, "offset": 1}, [came]),
        ):  # fmt: skip
            found = desk.get("/emails", params=params).json()
            assert [one["id"] for one in found["emails"]] == [one["id"] for one in wanted], params
        assert (found["total"], found["limit"], found["offset"]) == (3, 1, 1)
        check_message(desk.get("/emails?status=lost"), 400, "status")
        same = {"from": came["createdAt"], "to": came["createdAt"]}
        check_message(desk.get("/emails", params=same), 400, "from")


class TestWhoMay:
    def test_another_workspace_sees_nothing(self, desk: Desk, workspace: Workspace) -> None:
        made = desk.made("/emails", **MAIL, status="draft")
        other = Desk(workspace.account.workspace("Other"))
        assert other.get("/emails").json()["total"] == 0
        check_message(other.get(f"/emails/{made['id']}"), 404, "mail")
        check_message(other.post(f"/emails/{made['id']}/send"), 404, "mail")

    def test_reading_is_not_writing(self, desk: Desk, workspace: Workspace) -> None:
        made = desk.made("/emails", **MAIL, status="draft")
        reader, nobody = Desk(workspace, ("emails:read",)), Desk(workspace, ("sms:write",))
        assert reader.get(f"/emails/{made['id']}").json() == made
        for path, body in (("", MAIL), ("/receive", {"from": TO}), (f"/{made['id']}/send", None)):
            check_message(reader.post(f"/emails{path}", json=body), 403, "emails:write")
        check_message(nobody.get("/emails"), 403, "emails:read")
        check_message(nobody.get(f"/emails/{made['id']}/attachments/file_x"), 403, "emails:read")
