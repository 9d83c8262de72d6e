"""Insydr row 8: webhooks, their deliveries, and what a receiver sees."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from domain.events.catalogue import EVENTS
from tests.support.client import Shape, Workspace, check_error, until
from tests.support.site import Answer, Site
from tests.support.webhooks import PATH, Hook, hook, verified

SEED = {
    "name": "Slack Notifications",
    "url": "https://hooks.slack.com/services/T1/B1/x",
    "event_types": ["CONVERSATION_STARTED", "LEAD_CAPTURED"],
    "headers": {"X-Custom-Header": "value"},
}


def hex_of(secret: str, body: bytes) -> str:
    """As the seeds' examples compute it: the whole secret is the key."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class TestCreate:
    def test_as_in_the_seed(self, workspace: Workspace) -> None:
        reply = workspace.post("/webhooks", json=SEED)
        assert reply.status_code == 201
        made = reply.json()
        assert made["id"].startswith("wh_")
        assert made["secret"].startswith("whsec_")
        assert {name: made[name] for name in SEED} == SEED
        assert made["is_active"] is True
        assert made["created_at"].endswith("Z")

    def test_the_secret_is_shown_once(self, workspace: Workspace) -> None:
        made = workspace.post("/webhooks", json=SEED).json()
        for shown in (workspace.get(f"/webhooks/{made['id']}").text, workspace.get("/webhooks").text):
            assert made["secret"] not in shown
            assert '"secret"' not in shown

    def test_a_secret_of_ones_own(self, workspace: Workspace) -> None:
        mine = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        assert workspace.post("/webhooks", json={**SEED, "secret": mine}).json()["secret"] == mine

    def test_headers_that_sound_secret_are_masked(self, workspace: Workspace) -> None:
        made = workspace.post("/webhooks", json={**SEED, "headers": {"Authorization": "Bearer abc", "X-A": "b"}})
        assert made.json()["headers"] == {"Authorization": "••••", "X-A": "b"}

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"url": "http://example.com/"}, "url", "HTTPS_REQUIRED"),
            ({"url": "https://10.0.0.7/"}, "url", "ADDRESS_NOT_ALLOWED"),
            ({"url": "https://[::ffff:10.0.0.7]/"}, "url", "ADDRESS_NOT_ALLOWED"),
            ({"url": "https://169.254.169.254/latest"}, "url", "ADDRESS_NOT_ALLOWED"),
            ({"url": "https://2130706433/"}, "url", "ADDRESS_NOT_ALLOWED"),
            ({"url": "https://0x7f.1/"}, "url", "ADDRESS_NOT_ALLOWED"),
            ({"url": "https://localhost/"}, "url", "ADDRESS_NOT_ALLOWED"),
            ({"url": "https://me:pass@example.com/"}, "url", "VALIDATION_ERROR"),
            ({"url": "ftp://example.com/"}, "url", "VALIDATION_ERROR"),
            ({"url": "https://example.com:99999/"}, "url", "VALIDATION_ERROR"),
            ({"url": "https://exa mple.com/"}, "url", "VALIDATION_ERROR"),
            ({"event_types": []}, "event_types", "VALIDATION_ERROR"),
            ({"event_types": ["DOCUMENT_FINISHED"]}, "event_types", "UNKNOWN_EVENT_TYPE"),
            ({"secret": "whsec_c2hvcnQ="}, "secret", "WEAK_SECRET"),
            ({"secret": "a-secret-of-more-than-24-bytes-but-no-base64"}, "secret", "WEAK_SECRET"),
            ({"headers": {"X-Webhook-Event": "x"}}, "headers.X-Webhook-Event", "HEADER_RESERVED"),
            ({"headers": {"webhook-Signature": "x"}}, "headers.webhook-Signature", "HEADER_RESERVED"),
            ({"headers": {"Host": "x"}}, "headers.Host", "HEADER_RESERVED"),
            ({"headers": {"X-A": "b\r\nX-B: c"}}, "headers.X-A", "VALIDATION_ERROR"),
            ({"headers": {"X A": "b"}}, "headers.X A", "VALIDATION_ERROR"),
            ({"headers": {"X-A": "b", "x-a": "c"}}, "headers.X-A", "VALIDATION_ERROR"),
            ({"retry_delays_s": [0]}, "retry_delays_s", "VALIDATION_ERROR"),
            ({"retry_delays_s": [1] * 11}, "retry_delays_s", "VALIDATION_ERROR"),
            ({"name": " "}, "name", "VALIDATION_ERROR"),
            ({"event": "x"}, "event", "VALIDATION_ERROR"),
        ],
    )
    def test_what_cannot_be(self, workspace: Workspace, change: dict[str, Any], field: str, code: str) -> None:
        reply = workspace.post("/webhooks", json={**SEED, **change})
        check_error(reply, 400, code)
        assert reply.json()["field"] == field
        assert workspace.get("/webhooks").json()["total"] == 0

    def test_a_near_name_is_proposed(self, workspace: Workspace) -> None:
        reply = workspace.post("/webhooks", json={**SEED, "event_types": ["document_complete"]})
        assert "DOCUMENT_COMPLETED" in reply.json()["detail"]

    def test_only_so_many(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workspace.shape.parts.settings, "webhooks_max", 2)
        for _ in range(2):
            assert workspace.post("/webhooks", json=SEED).status_code == 201
        check_error(workspace.post("/webhooks", json=SEED), 422, "WEBHOOK_LIMIT")


class TestEventTypes:
    def test_all_with_schema_and_sample(self, workspace: Workspace) -> None:
        found = workspace.get("/webhooks/event-types").json()
        names = {one["name"] for one in found["event_types"]}
        assert {"DOCUMENT_COMPLETED", "LEAD_CAPTURED", "call.ended", "workflow.completed", "sms.received"} <= names
        assert found["total"] == len(names)
        for one in found["event_types"]:
            jsonschema.validate(one["sample"], one["data_schema"])


class TestWhatAReceiverSees:
    def test_a_document_in_both_shapes(self, shaped: Workspace, site: Site) -> None:
        mine = hook(shaped, site, "DOCUMENT_COMPLETED", headers={"X-Custom-Header": "value", "X-Ort": "Köln"})
        document = shaped.ingest("Ada wrote the first program.", "ada.txt")
        (request,) = mine.received()
        body = verified(request, mine.secret)
        assert set(body) == {"event", "timestamp", "data"}
        assert body["event"] == request.headers["x-webhook-event"] == "DOCUMENT_COMPLETED"
        assert body["data"]["document_id"] == document["id"]
        assert body["data"]["title"] == document["title"]
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["x-custom-header"] == "value"
        assert request.headers["x-ort"] == "Köln"
        assert request.headers["x-insydr-signature"] == f"sha256={hex_of(mine.secret, request.body)}"
        (delivery,) = mine.logged()
        assert request.headers["x-webhook-delivery"] == request.headers["webhook-id"] == delivery["id"]

    def test_an_unanswered_question_with_its_words(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "CONVERSATION_STARTED", "MESSAGE_UNANSWERED")
        workspace.ingest("Ada wrote the first program.", "ada.txt")
        agent = workspace.agent()["id"]
        workspace.post(f"/agents/{agent}/publish")
        asked = workspace.post(f"/agents/{agent}/chat", json={"message": "When does the ferry to Oslo leave?"})
        assert asked.status_code == 200, asked.text
        bodies = {body["event"]: body["data"] for body in (verified(one, mine.secret) for one in mine.received(2))}
        assert set(bodies) == {"CONVERSATION_STARTED", "MESSAGE_UNANSWERED"}
        told = bodies["MESSAGE_UNANSWERED"]
        assert told["question"] == "When does the ferry to Oslo leave?"
        assert (told["answered"], told["agent_id"]) == (False, agent)
        for name, data in bodies.items():
            jsonschema.validate(data, EVENTS[name].schema)

    def test_a_member_who_tries_an_agent_is_no_event(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "MESSAGE_RECEIVED", "AGENT_PUBLISHED")
        agent = workspace.agent()["id"]
        workspace.post(f"/agents/{agent}/test", json={"message": "Anyone there?"})
        workspace.post(f"/agents/{agent}/publish")
        (request,) = mine.received()
        assert verified(request, mine.secret)["event"] == "AGENT_PUBLISHED"

    def test_nobody_else_learns_of_it(self, workspace: Workspace, owner: Any, site: Site) -> None:
        others = hook(owner.workspace(), site, "DOCUMENT_COMPLETED", path="/other")
        deaf = hook(workspace, site, "DOCUMENT_FAILED", path="/deaf")
        off = hook(workspace, site, "DOCUMENT_COMPLETED", path="/off", is_active=False)
        mine = hook(workspace, site, "DOCUMENT_COMPLETED")
        workspace.ingest("Ada wrote the first program.")
        mine.logged()
        assert [one.get("/deliveries")["total"] for one in (others, deaf, off)] == [0, 0, 0]


class TestDialects:
    """The event's name decides payload and header, whichever surface it was subscribed on."""

    @pytest.mark.parametrize(
        ("event", "header", "prefix"),
        [
            ("call.ended", "x-voxforge-signature", "sha256="),
            ("appointment.booked", "x-webhook-signature", "sha256="),
            ("workflow.completed", "x-webhook-signature", ""),
        ],
    )
    def test_signature_of_the_seed(
        self, workspace: Workspace, site: Site, event: str, header: str, prefix: str
    ) -> None:  # fmt: skip
        mine = hook(workspace, site, event)
        sent = mine.post("/test").json()
        (request,) = mine.received()
        assert verified(request, mine.secret)["data"] == EVENTS[event].sample
        assert request.headers[header] == prefix + hex_of(mine.secret, request.body)
        assert "x-insydr-signature" not in request.headers
        assert sent["is_test"] is True

    def test_a_lead_as_front_desk_tells_it(self) -> None:
        left = {"left_in": "sess_1", "lead_email": "v@example.com"}
        data = {"lead_id": "lead_1", "first_name": "Vera", "stage": "new", **left}
        told = EVENTS["lead.created"].payload(data)
        assert (told["id"], told["email"], told["firstName"]) == ("lead_1", "v@example.com", "Vera")
        assert (told["stage"], told["phone"], told["conversationId"]) == ("new", None, "sess_1")


class TestRetries:
    def test_until_it_is_accepted(self, shaped: Workspace, site: Site) -> None:
        site.script(PATH, [Answer(b"down", 500), Answer(b"busy", 503), Answer(status=200)])
        mine = hook(shaped, site, "AGENT_PUBLISHED", retry_delays_s=[1, 1])
        shaped.post(f"/agents/{shaped.agent()['id']}/publish")
        requests = mine.received(3)
        assert len({one.headers["x-webhook-delivery"] for one in requests}) == 1
        assert len({one.body for one in requests}) == 1
        assert requests[1].at - requests[0].at >= 1
        for request in requests:
            verified(request, mine.secret)
        (delivery,) = mine.logged()
        whole = mine.get(f"/deliveries/{delivery['id']}")
        assert [(one["status_code"], one["response"]) for one in whole["attempt_log"]] == [
            (500, "down"), (503, "busy"), (200, ""),
        ]  # fmt: skip
        assert whole["attempts"] == 3
        assert whole["body"].encode() == requests[0].body

    def test_then_it_has_failed(self, workspace: Workspace, site: Site) -> None:
        site.pages[PATH] = Answer(status=500)
        mine = hook(workspace, site, "AGENT_PUBLISHED", retry_delays_s=[1])
        workspace.post(f"/agents/{workspace.agent()['id']}/publish")
        (delivery,) = mine.logged(status="FAILED")
        assert (delivery["attempts"], delivery["response_status"], delivery["next_attempt_at"]) == (2, 500, None)
        assert mine.get()["failing_since"] is not None

    def test_the_default_delays(self, workspace: Workspace, site: Site) -> None:
        site.pages[PATH] = Answer(status=500)
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        workspace.post(f"/agents/{workspace.agent()['id']}/publish")
        mine.received()
        waiting = until(lambda: mine.get("/deliveries")["deliveries"][0], lambda found: found["attempts"] == 1)
        wait = datetime.fromisoformat(waiting["next_attempt_at"]) - datetime.now(UTC)
        assert timedelta(seconds=20) < wait <= timedelta(seconds=33)
        assert mine.get()["retry_delays_s"] == [30, 300, 1800, 7200]

    def test_retry_after_is_honoured(self, workspace: Workspace, site: Site) -> None:
        site.pages[PATH] = Answer(status=429, headers={"Retry-After": "600"})
        mine = hook(workspace, site, "AGENT_PUBLISHED", retry_delays_s=[1, 1])
        workspace.post(f"/agents/{workspace.agent()['id']}/publish")
        waiting = until(lambda: mine.get("/deliveries")["deliveries"], lambda found: found and found[0]["attempts"])
        wait = datetime.fromisoformat(waiting[0]["next_attempt_at"]) - datetime.now(UTC)
        assert timedelta(seconds=590) < wait <= timedelta(seconds=600)

    def test_gone_is_turned_off_at_once(self, embedded: Shape, site: Site) -> None:
        account = embedded.sign_up("Gone")
        workspace = account.workspace()
        watcher = hook(workspace, site, "WEBHOOK_DISABLED", path="/watcher")
        site.pages[PATH] = Answer(status=410)
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        workspace.post(f"/agents/{workspace.agent()['id']}/publish")
        (delivery,) = mine.logged(status="FAILED")
        assert delivery["response_status"] == 410
        shown = mine.get()
        assert (shown["is_active"], shown["disabled_reason"]) == (False, "GONE")
        (told,) = watcher.received()
        assert verified(told, watcher.secret)["data"]["webhook_id"] == mine.id
        until(lambda: embedded.mails_to(account.email), lambda mails: "turned off: it answered 410" in mails[0])
        check_error(mine.post(f"/deliveries/{delivery['id']}/redeliver"), 409, "WEBHOOK_INACTIVE")

    def test_on_again_it_is_sent_what_waits(self, workspace: Workspace, site: Site) -> None:
        site.pages[PATH] = Answer(status=500)
        mine = hook(workspace, site, "AGENT_PUBLISHED", retry_delays_s=[3600])
        workspace.post(f"/agents/{workspace.agent()['id']}/publish")
        mine.received()
        until(lambda: mine.get()["failing_since"], lambda since: since is not None)
        site.pages[PATH] = Answer(status=200)
        path = f"/webhooks/{mine.id}"
        assert workspace.patch(path, json={"is_active": False}).json()["is_active"] is False
        (waiting,) = mine.get("/deliveries")["deliveries"]
        check_error(mine.post(f"/deliveries/{waiting['id']}/redeliver"), 409, "WEBHOOK_INACTIVE")
        workspace.patch(path, json={"is_active": True})
        assert mine.post(f"/deliveries/{waiting['id']}/redeliver").status_code == 202
        mine.logged()
        assert mine.get()["failing_since"] is None


class TestAnswersOfReceivers:
    def test_only_the_beginning_is_kept(self, workspace: Workspace, site: Site) -> None:
        site.pages[PATH] = Answer(b"\x00\xff" + b"x" * 5_000_000)
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        (attempt,) = mine.post("/test").json()["attempt_log"]
        assert attempt["status_code"] == 200
        assert attempt["response"] == "��" + "x" * 4_094

    def test_redirects_are_not_followed(self, workspace: Workspace, site: Site) -> None:
        site.redirect(PATH, "/elsewhere", 307)
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        sent = mine.post("/test").json()
        assert sent["status"] == "FAILED"
        assert "redirects are not followed" in sent["attempt_log"][0]["error"]
        assert site.count("/elsewhere") == 0

    def test_nobody_there(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        workspace.patch(f"/webhooks/{mine.id}", json={"url": "https://no-such-host.invalid/"})
        sent = mine.post("/test").json()
        assert sent["status"] == "FAILED"
        assert sent["attempt_log"][0]["error"] == "The host does not resolve to a public address."

    def test_secrets_do_not_reach_the_log(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "AGENT_PUBLISHED", headers={"X-Api-Token": "hush"})
        sent = mine.post("/test")
        assert mine.received()[0].headers["x-api-token"] == "hush"
        assert "hush" not in sent.text
        assert mine.secret not in sent.text


class TestPing:
    def test_the_sample_of_its_first_event(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "LEAD_CAPTURED", is_active=False)
        sent = mine.post("/test").json()
        (request,) = mine.received()
        assert verified(request, mine.secret)["data"] == EVENTS["LEAD_CAPTURED"].sample
        assert request.headers["x-webhook-test"] == "true"
        assert (sent["status"], sent["event_type"], sent["response_status"]) == ("DELIVERED", "LEAD_CAPTURED", 204)
        assert mine.get("/deliveries")["total"] == 1

    def test_of_another_event(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "LEAD_CAPTURED")
        mine.post("/test", json={"event_type": "DOCUMENT_FAILED"})
        assert verified(mine.received()[0], mine.secret)["event"] == "DOCUMENT_FAILED"
        check_error(mine.post("/test", json={"event_type": "DOCUMENT_FAIL"}), 400, "VALIDATION_ERROR")


class TestAgain:
    @pytest.fixture
    def sent(self, workspace: Workspace, site: Site) -> Hook:
        """A webhook that was sent two events, of which it refused the second."""
        site.script(PATH, [Answer(status=200), Answer(status=500), Answer(status=200)])
        mine = hook(workspace, site, "AGENT_PUBLISHED", "DOCUMENT_COMPLETED", retry_delays_s=[])
        workspace.post(f"/agents/{workspace.agent()['id']}/publish")
        mine.logged()
        workspace.ingest("Ada wrote the first program.")
        mine.logged(status="FAILED")
        return mine

    def test_one(self, sent: Hook) -> None:
        (failed,) = sent.logged(status="FAILED")
        reply = sent.post(f"/deliveries/{failed['id']}/redeliver")
        assert (reply.status_code, reply.json()["status"]) == (202, "PENDING")
        sent.logged(2)
        ids = [one.headers["x-webhook-delivery"] for one in sent.received(3)]
        assert ids[1] == ids[2] == failed["id"] != ids[0]
        assert sent.get(f"/deliveries/{failed['id']}")["attempts"] == 2

    def test_all_since(self, sent: Hook) -> None:
        reply = sent.post("/replay", json={"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()})
        assert (reply.status_code, reply.json()["events"]) == (202, 2)
        requests = sent.received(4)
        assert len({one.headers["x-webhook-delivery"] for one in requests}) == 2
        until(lambda: sent.get("/deliveries")["deliveries"], lambda found: [one["attempts"] for one in found] == [2, 2])

    def test_what_was_missed(self, sent: Hook) -> None:
        since = datetime.now(UTC) - timedelta(hours=1)
        path = f"/webhooks/{sent.id}"
        sent.workspace.patch(path, json={"is_active": False})
        sent.workspace.post(f"/agents/{sent.workspace.agent(name='Second')['id']}/publish")
        sent.workspace.patch(path, json={"is_active": True})
        body = {"since": since.isoformat(), "only": "UNDELIVERED"}
        assert sent.post("/replay", json=body).json()["events"] == 3
        deliveries = sent.logged(3)
        assert sorted(one["attempts"] for one in deliveries) == [1, 1, 2]

    @pytest.mark.parametrize(
        "body",
        [
            {"since": (datetime.now(UTC) - timedelta(days=365)).isoformat()},
            {"since": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
            {"since": "2026-01-01T00:00:00"},
            {},
        ],
    )
    def test_not_of_a_year(self, workspace: Workspace, site: Site, body: dict[str, str]) -> None:
        reply = hook(workspace, site, "AGENT_PUBLISHED").post("/replay", json=body)
        check_error(reply, 400, "VALIDATION_ERROR")
        assert reply.json()["field"] == "since"


class TestSecrets:
    def test_both_sign_while_one_replaces_the_other(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        reply = mine.post("/rotate-secret")
        assert reply.status_code == 201
        new = reply.json()["secret"]
        assert reply.json()["previous_secret_until"] is not None
        mine.post("/test")
        (request,) = mine.received()
        verified(request, new)
        verified(request, mine.secret)
        assert request.headers["x-insydr-signature"] == f"sha256={hex_of(new, request.body)}"
        assert request.headers["x-insydr-signature-previous"] == f"sha256={hex_of(mine.secret, request.body)}"

    def test_at_once(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        new = mine.post("/rotate-secret", json={"overlap_hours": 0}).json()["secret"]
        mine.post("/test")
        (request,) = mine.received()
        verified(request, new)
        with pytest.raises(WebhookVerificationError):
            Webhook(mine.secret).verify(request.body, request.headers)


class TestChange:
    def test_each_field(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        change = {
            "name": "Other", "description": "For the desk.", "event_types": ["call.ended"], "headers": {"X-A": "b"},
            "retry_delays_s": [5], "is_active": False, "url": "https://example.com/x",
        }  # fmt: skip
        changed = workspace.patch(f"/webhooks/{mine.id}", json=change).json()
        assert {name: changed[name] for name in change} == change
        assert mine.get() == changed

    def test_bad_ones_change_nothing(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        before = mine.get()
        for change in ({"url": "http://example.com/"}, {"name": None}, {"event_types": ["x"]}, {"secret": "x"}):
            body = {"name": "Other", **change}
            check_error(workspace.patch(f"/webhooks/{mine.id}", json=body), 400)
        assert mine.get() == before

    def test_secret_headers_stay_with_their_host(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "AGENT_PUBLISHED", headers={"Authorization": "Bearer abc"})
        path = f"/webhooks/{mine.id}"
        check_error(workspace.patch(path, json={"url": "https://example.com/x"}), 400, "HEADERS_NEEDED")
        assert workspace.patch(path, json={"url": site.url("/other")}).status_code == 200
        moved = workspace.patch(path, json={"url": "https://example.com/x", "headers": {}})
        assert (moved.json()["url"], moved.json()["headers"]) == ("https://example.com/x", {})

    def test_a_deleted_one_is_sent_nothing(self, workspace: Workspace, site: Site) -> None:
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        mine.post("/test")
        assert workspace.delete(f"/webhooks/{mine.id}").json() == {"message": "Webhook deleted"}
        check_error(workspace.get(f"/webhooks/{mine.id}"), 404, "WEBHOOK_NOT_FOUND")
        assert workspace.get("/webhooks").json()["total"] == 0
        other = hook(workspace, site, "AGENT_PUBLISHED", path="/other")
        workspace.post(f"/agents/{workspace.agent()['id']}/publish")
        other.logged()
        assert site.count(PATH) == 1


class TestLog:
    def test_filters_and_pages(self, workspace: Workspace, site: Site) -> None:
        site.script(PATH, [Answer(status=200), Answer(status=500)])
        mine = hook(workspace, site, "AGENT_PUBLISHED")
        ids = [mine.post("/test", json={"event_type": kind}).json()["id"] for kind in ("call.ended", "LEAD_CAPTURED")]

        def page(**params: Any) -> list[str]:
            return [one["id"] for one in mine.get("/deliveries", params=params)["deliveries"]]

        assert page() == ids[::-1]
        assert page(limit=1, offset=1) == ids[:1]
        assert page(status="FAILED") == ids[1:]
        assert page(event_type="call.ended") == ids[:1]
        later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        assert page(**{"from": later}) == []
        assert page(to=later) == ids[::-1]
        check_error(
            workspace.get(f"/webhooks/{mine.id}/deliveries", params={"from": later, "to": later}), 400
        )  # fmt: skip
