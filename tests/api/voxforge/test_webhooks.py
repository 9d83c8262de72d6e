"""VoxForge's seed, “Webhooks”: its own verification examples take what is sent, and nothing else."""

import hashlib
import hmac
import json

import pytest

from tests.support import node
from tests.support.client import Workspace
from tests.support.office import Desk
from tests.support.site import Answer, Request, Site
from tests.support.webhooks import PATH, Hook, hook

TO = "+15551234567"
EVENTS = ["call.started", "call.ended", "transcript.ready", "analysis.complete"]


def is_valid_webhook(raw_body: bytes, signature: str, secret: str) -> bool:
    """The seed's own."""
    expected = hmac.new(
        secret.encode(), raw_body, hashlib.sha256
    ).hexdigest()  # fmt: skip
    return f"sha256={expected}" == signature


NODE = """
const crypto = require("crypto");

function isValidWebhook(rawBody, signatureHeader, secret) {
  const expected = crypto
    .createHmac("sha256", secret)
    .update(rawBody)
    .digest("hex");
  return `sha256=${expected}` === signatureHeader;
}

result = bodies.map(body => isValidWebhook(body, signature, secret));
"""


def call(workspace: Workspace, **sandbox: object) -> dict[str, str]:
    desk = Desk(workspace, base="/api/v1")
    agent = desk.made("/agents", name="Sarah")
    script = {"ringS": 0, "talkS": 0, **sandbox}
    return desk.made("/calls", agentId=agent["id"], phoneNumberId="clx1", to=TO, sandbox=script)


@pytest.fixture
def mine(workspace: Workspace, site: Site) -> Hook:
    return hook(workspace, site, *EVENTS, "call.failed")


def of(requests: list[Request], event: str) -> Request:
    return next(request for request in requests if request.headers["x-webhook-event"] == event)


class TestSignatures:
    def test_the_seeds_examples(self, mine: Hook) -> None:
        call(mine.workspace, says=["Zürich – “ok”?"])
        for request in mine.received(len(EVENTS)):
            signature, body = request.headers["x-voxforge-signature"], request.body
            assert is_valid_webhook(body, signature, mine.secret)
            tampered = body.replace(b"completed", b"failed___") + b" "
            assert not is_valid_webhook(tampered, signature, mine.secret)
            assert not is_valid_webhook(body, signature, mine.secret + "x")
            bodies = [body.decode(), tampered.decode()]
            assert node.run(NODE, bodies=bodies, signature=signature, secret=mine.secret) == [True, False]


class TestEvents:
    def test_the_payload(self, mine: Hook) -> None:
        made = call(mine.workspace, talkS=2)
        told = json.loads(of(mine.received(len(EVENTS)), "call.ended").body)
        assert told.keys() == {"event", "timestamp", "data"}
        assert told["event"] == "call.ended"
        wanted = {
            "callId": made["id"], "status": "completed", "duration": 2, "to": TO, "agentId": made["agentId"],
            "campaignId": None,
        }  # fmt: skip
        assert {name: told["data"][name] for name in wanted} == wanted

    def test_a_test(self, mine: Hook) -> None:
        sent = mine.post("/test", json={"event_type": "webhook.test"}).json()
        (request,) = mine.received()
        told = json.loads(request.body)
        assert (sent["status"], told["event"], told["data"]) == (
            "DELIVERED",
            "webhook.test",
            {"message": "This is a test."},
        )
        assert is_valid_webhook(request.body, request.headers["x-voxforge-signature"], mine.secret)

    def test_a_call_that_could_not_connect(self, mine: Hook) -> None:
        made = call(mine.workspace, outcome="no-answer")
        requests = mine.received(2)
        assert {request.headers["x-webhook-event"] for request in requests} == {"call.started", "call.failed"}
        assert json.loads(of(requests, "call.failed").body)["data"]["callId"] == made["id"]

    def test_of_a_campaign(self, workspace: Workspace, site: Site) -> None:
        mine, desk = hook(workspace, site, "contact.exhausted", "campaign.ended"), Desk(workspace, base="/api/v1")
        made = desk.made(
            "/campaigns", agentId=desk.made("/agents", name="Sarah")["id"], name="Outreach", retryMinutes=[],
            callWindow={"start": "00:00", "end": "24:00"}, sandbox={"ringS": 0, "outcome": "busy"},
        )["id"]  # fmt: skip
        desk.made(f"/campaigns/{made}/contacts", contacts=[{"to": TO}])
        requests = mine.received(2)
        assert all(is_valid_webhook(one.body, one.headers["x-voxforge-signature"], mine.secret) for one in requests)
        exhausted, ended = (
            json.loads(of(requests, one).body)["data"] for one in ("contact.exhausted", "campaign.ended")
        )
        (contact,) = desk.get(f"/campaigns/{made}/contacts").json()["contacts"]
        assert exhausted == {
            "campaignId": made, "contactId": contact["id"], "leadId": contact["contactId"], "to": TO,
            "status": "failed", "reason": "busy", "callAttempts": 1, "callId": contact["callId"],
        }  # fmt: skip
        assert ended == {
            "campaignId": made, "name": "Outreach", "status": "completed", "callsTotal": 1, "callsCompleted": 1,
        }  # fmt: skip

    def test_a_delivery_that_fails_is_tried_again_as_the_seed_says(self, mine: Hook) -> None:
        assert mine.get()["retry_delays_s"] == [30, 300, 1_800, 7_200]
        mine.site.pages[PATH] = Answer(status=500)
        call(mine.workspace, outcome="busy")
        pending = mine.logged(2, "PENDING")
        assert {one["event_type"] for one in pending} == {"call.started", "call.failed"}
