"""Every route of the surfaces that take the workspace from the key: what it needs, a request that reaches it, and what
the audit log says of it. A new route needs a line here."""

import json
import re
from dataclasses import dataclass
from typing import Any

from api.app import ROUTERS
from api.surface import Surface
from domain.audit.actions import Action
from domain.principal import Permission, Role
from tests.support.client import Workspace

P, A = Permission, Action
TO = "+15551234567"
START = "2032-03-01T10:00:00Z"


@dataclass(frozen=True)
class SurfaceCase:
    """`needs` a permission, which `role` is the least to have; `json` makes the request valid, its values may be names
    of things, as the path has them. `action` is None for
    reads, and for what is a record of its own already."""

    needs: Permission
    role: Role
    json: Any = None
    action: Action | None = None


FRONTDESK_CASES: dict[tuple[str, str], SurfaceCase] = {
    ("GET", "/api/calls"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("POST", "/api/calls"): SurfaceCase(P.CALLS_WRITE, Role.EDITOR, {"to": TO}, A.CALL_STARTED),
    ("GET", "/api/calls/{callId}"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("GET", "/api/leads"): SurfaceCase(P.LEADS_READ, Role.ANALYST),
    ("POST", "/api/leads"): SurfaceCase(P.LEADS_WRITE, Role.EDITOR, {"name": "Vera Visitor"}, A.LEAD_CREATED),
    ("GET", "/api/leads/{leadId}"): SurfaceCase(P.LEADS_READ, Role.ANALYST),
    ("PUT", "/api/leads/{leadId}"): SurfaceCase(P.LEADS_WRITE, Role.EDITOR, {"stage": "won"}, A.LEAD_UPDATED),
    ("GET", "/api/leads/{leadId}/history"): SurfaceCase(P.LEADS_READ, Role.ANALYST),
    ("GET", "/api/appointments"): SurfaceCase(P.APPOINTMENTS_READ, Role.ANALYST),
    ("POST", "/api/appointments"): SurfaceCase(
        P.APPOINTMENTS_WRITE, Role.EDITOR, {"start": START, "customerName": "Vera"}, A.APPOINTMENT_BOOKED
    ),
    ("GET", "/api/appointments/{appointmentId}"): SurfaceCase(P.APPOINTMENTS_READ, Role.ANALYST),
    ("PUT", "/api/appointments/{appointmentId}"): SurfaceCase(
        P.APPOINTMENTS_WRITE, Role.EDITOR, {"status": "confirmed"}, A.APPOINTMENT_UPDATED
    ),
    ("GET", "/api/appointments/{appointmentId}/ics"): SurfaceCase(P.APPOINTMENTS_READ, Role.ANALYST),
    ("GET", "/api/sms"): SurfaceCase(P.SMS_READ, Role.ANALYST),
    ("POST", "/api/sms"): SurfaceCase(P.SMS_WRITE, Role.EDITOR, {"to": TO, "body": "x"}, A.SMS_SENT),
    ("POST", "/api/sms/receive"): SurfaceCase(P.SMS_WRITE, Role.EDITOR, {"from": TO, "body": "x"}),
    ("GET", "/api/sms/opt-outs"): SurfaceCase(P.SMS_READ, Role.ANALYST),
    ("POST", "/api/sms/opt-outs"): SurfaceCase(P.SMS_WRITE, Role.EDITOR, {"number": TO, "optedOut": False}),
    ("GET", "/api/sms/{smsId}"): SurfaceCase(P.SMS_READ, Role.ANALYST),
    ("GET", "/api/emails"): SurfaceCase(P.EMAILS_READ, Role.ANALYST),
    ("POST", "/api/emails"): SurfaceCase(
        P.EMAILS_WRITE, Role.EDITOR, {"to": "vera@example.com", "subject": "s", "body": "b"}, A.EMAIL_SENT
    ),
    ("POST", "/api/emails/receive"): SurfaceCase(
        P.EMAILS_WRITE, Role.EDITOR, {"from": "vera@example.com", "subject": "s", "body": "b"}
    ),
    ("GET", "/api/emails/{emailId}"): SurfaceCase(P.EMAILS_READ, Role.ANALYST),
    ("POST", "/api/emails/{emailId}/send"): SurfaceCase(P.EMAILS_WRITE, Role.EDITOR, action=A.EMAIL_SENT),
    ("GET", "/api/emails/{emailId}/attachments/{attachmentId}"): SurfaceCase(P.EMAILS_READ, Role.ANALYST),
    ("GET", "/api/webhooks"): SurfaceCase(P.WEBHOOKS_READ, Role.ADMIN),
    ("POST", "/api/webhooks"): SurfaceCase(
        P.WEBHOOKS_MANAGE, Role.ADMIN, {"url": "https://receiver.example/", "events": ["lead.created"]},
        A.WEBHOOK_CREATED,
    ),
    ("DELETE", "/api/webhooks/{webhookId}"): SurfaceCase(P.WEBHOOKS_MANAGE, Role.ADMIN, action=A.WEBHOOK_DELETED),
    ("GET", "/api/secrets"): SurfaceCase(P.SECRETS_MANAGE, Role.OWNER),
    ("POST", "/api/secrets"): SurfaceCase(
        P.SECRETS_MANAGE, Role.OWNER, {"key": "API_KEY", "value": "v"}, A.SECRET_CREATED
    ),
    ("PUT", "/api/secrets/{secretId}"): SurfaceCase(
        P.SECRETS_MANAGE, Role.OWNER, {"description": "d"}, A.SECRET_UPDATED
    ),
    ("DELETE", "/api/secrets/{secretId}"): SurfaceCase(P.SECRETS_MANAGE, Role.OWNER, action=A.SECRET_DELETED),
}  # fmt: skip
AT = {"startTime": START, "attendeeName": "Vera"}
VOXFORGE_CASES: dict[tuple[str, str], SurfaceCase] = {
    ("GET", "/api/v1/agents"): SurfaceCase(P.AGENTS_READ, Role.VIEWER),
    ("POST", "/api/v1/agents"): SurfaceCase(P.AGENTS_WRITE, Role.EDITOR, {"name": "Sarah"}, A.AGENT_PUBLISHED),
    ("GET", "/api/v1/agents/{agentId}"): SurfaceCase(P.AGENTS_READ, Role.VIEWER),
    ("PATCH", "/api/v1/agents/{agentId}"): SurfaceCase(
        P.AGENTS_WRITE, Role.EDITOR, {"isActive": False}, A.AGENT_PAUSED
    ),
    ("DELETE", "/api/v1/agents/{agentId}"): SurfaceCase(P.AGENTS_WRITE, Role.EDITOR, action=A.AGENT_ARCHIVED),
    ("GET", "/api/v1/campaigns"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("POST", "/api/v1/campaigns"): SurfaceCase(
        P.CALLS_WRITE, Role.EDITOR, {"name": "Outreach", "agentId": "{agentId}"}, A.CAMPAIGN_CREATED
    ),
    ("GET", "/api/v1/campaigns/{campaignId}"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("PATCH", "/api/v1/campaigns/{campaignId}"): SurfaceCase(
        P.CALLS_WRITE, Role.EDITOR, {"status": "paused"}, A.CAMPAIGN_UPDATED
    ),
    ("GET", "/api/v1/campaigns/{campaignId}/contacts"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("POST", "/api/v1/campaigns/{campaignId}/contacts"): SurfaceCase(
        P.CALLS_WRITE, Role.EDITOR, {"contacts": [{"to": TO}]}, A.CAMPAIGN_CONTACTS_ADDED
    ),
    ("GET", "/api/v1/campaigns/{campaignId}/contacts/{contactId}"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("GET", "/api/v1/calls/do-not-call"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("POST", "/api/v1/calls/do-not-call"): SurfaceCase(P.CALLS_WRITE, Role.EDITOR, {"number": "+12125550199"}),
    ("GET", "/api/v1/calls"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("POST", "/api/v1/calls"): SurfaceCase(
        P.CALLS_WRITE, Role.EDITOR, {"agentId": "{agentId}", "phoneNumberId": "pn_1", "to": TO}, A.CALL_STARTED
    ),
    ("GET", "/api/v1/calls/{callId}"): SurfaceCase(P.CALLS_READ, Role.ANALYST),
    ("GET", "/api/v1/appointments"): SurfaceCase(P.APPOINTMENTS_READ, Role.ANALYST),
    ("POST", "/api/v1/appointments"): SurfaceCase(P.APPOINTMENTS_WRITE, Role.EDITOR, AT, A.APPOINTMENT_BOOKED),
    ("GET", "/api/v1/appointments/{appointmentId}"): SurfaceCase(P.APPOINTMENTS_READ, Role.ANALYST),
    ("PATCH", "/api/v1/appointments/{appointmentId}"): SurfaceCase(
        P.APPOINTMENTS_WRITE, Role.EDITOR, {"status": "confirmed"}, A.APPOINTMENT_UPDATED
    ),
}  # fmt: skip
CASES: dict[tuple[str, str], SurfaceCase] = {**FRONTDESK_CASES, **VOXFORGE_CASES}


def routes_of(surface: Surface) -> set[tuple[str, str]]:
    """Method and path template of every route of the surface."""
    routes = [route for router in ROUTERS[surface] for route in router.routes]
    return {(method, route.path) for route in routes for method in route.methods - {"HEAD"}}


def filled(text: str, ids: dict[str, str]) -> str:
    """With the ids for its names; what has none is not there."""
    return re.sub(r"{(\w+)}", lambda name: ids.get(name[1], f"{name[1]}_ghost"), text)


class Things:
    """One thing of each kind of a workspace, made when its id is asked for."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self._made = workspace, dict[str, str]()

    def ids(self, method: str, path: str) -> dict[str, str]:
        """For the names in the path, and in its case's body."""
        return self._named(f"{path} {CASES[method, path].json}")

    def _named(self, text: str) -> dict[str, str]:
        return {name: self.id_of(name) for name in MAKERS if f"{{{name}}}" in text}

    def id_of(self, name: str) -> str:
        if name not in self._made:
            path, body = MAKERS[name]
            ids = self._named(f"{path} {body}")
            path, body = filled(path, ids), json.loads(filled(json.dumps(body), ids))
            headers = {"Authorization": f"Bearer {self.workspace.token}", "X-Workspace-Id": self.workspace.id}
            reply = self.workspace.shape.http.post(path, json=body, headers=headers)
            assert reply.status_code == 201, reply.text
            made = reply.json()
            if name == "contactId":  # what was added is told in numbers
                (made,) = self.workspace.shape.http.get(path, headers=headers).json()["contacts"]
            self._made[name] = str(made["id"])
            if path == "/api/emails":  # both at once: a file of that mail
                self._made["emailId"] = str(made["id"])
                self._made["attachmentId"] = str(made["attachments"][0]["id"])
        return self._made[name]


# how a thing of each name is made
FILE = {"filename": "a.txt", "content": "aGVsbG8=", "contentType": "text/plain"}
DRAFT = {"to": "vera@example.com", "subject": "s", "body": "b", "status": "draft", "attachments": [FILE]}
LATER = {"scheduledStart": "2032-03-01T10:00:00Z"}
MAKERS: dict[str, tuple[str, Any]] = {
    "callId": ("/api/calls", {"to": "+15550001111"}),
    "leadId": ("/api/leads", {"name": "Otto Owner"}),
    "appointmentId": ("/api/appointments", {"start": "2032-03-02T10:00:00Z", "customerName": "Otto"}),
    "smsId": ("/api/sms", {"to": "+15550001111", "body": "x"}),
    "emailId": ("/api/emails", DRAFT),
    "attachmentId": ("/api/emails", DRAFT),
    "webhookId": ("/api/webhooks", {"url": "https://receiver.example/", "events": ["lead.created"]}),
    "secretId": ("/api/secrets", {"key": "OTHER_KEY", "value": "v"}),
    "agentId": ("/api/v1/agents", {"name": "Sales Rep - Sarah"}),
    "campaignId": ("/api/v1/campaigns", LATER | {"name": "February Outreach", "agentId": "{agentId}"}),
    "contactId": ("/api/v1/campaigns/{campaignId}/contacts", {"contacts": [{"to": "+15550001111"}]}),
}
