"""Every route under a workspace: what it needs, and a request that reaches it. A new route needs a line here."""

from dataclasses import dataclass
from typing import Any

from api.app import ROUTERS
from api.insydr.surface import INSYDR
from domain.principal import Permission, Role

PREFIX = "/api/v1/workspaces/{workspace_id}"
P = Permission


@dataclass(frozen=True)
class Case:
    """`needs` a permission, which `role` is the least to have; `options` make the request otherwise valid. `alone` is
    the code for a key that has this permission and no other, where that is not enough."""

    needs: Permission
    role: Role
    json: Any = None
    params: tuple[tuple[str, str], ...] = ()
    upload: bool = False
    alone: str | None = None


CASES: dict[tuple[str, str], Case] = {
    ("GET", ""): Case(P.WORKSPACE_READ, Role.VIEWER),
    ("PATCH", ""): Case(P.WORKSPACE_WRITE, Role.ADMIN, {"logo_url": "https://example.com/logo.png"}),
    ("DELETE", ""): Case(P.WORKSPACE_DELETE, Role.OWNER),
    ("GET", "/members"): Case(P.MEMBERS_READ, Role.VIEWER),
    ("GET", "/members/{user_id}"): Case(P.MEMBERS_READ, Role.VIEWER),
    ("PATCH", "/members/{user_id}"): Case(P.MEMBERS_MANAGE, Role.ADMIN, {"role": "VIEWER"}),
    ("DELETE", "/members/{user_id}"): Case(P.MEMBERS_MANAGE, Role.ADMIN),
    ("POST", "/transfer-ownership"): Case(P.WORKSPACE_TRANSFER, Role.OWNER, {"user_id": "user_id_ghost"}),
    ("POST", "/invitations"): Case(
        P.MEMBERS_MANAGE, Role.ADMIN, {"email": "guest@example.com", "role": "VIEWER"}, alone="ROLE_TOO_HIGH"
    ),
    ("GET", "/invitations"): Case(P.MEMBERS_MANAGE, Role.ADMIN),
    ("DELETE", "/invitations/{invitation_id}"): Case(P.MEMBERS_MANAGE, Role.ADMIN),
    ("GET", "/audit"): Case(P.AUDIT_READ, Role.ADMIN),
    ("GET", "/audit/export"): Case(P.AUDIT_READ, Role.ADMIN),
    ("GET", "/usage"): Case(P.WORKSPACE_READ, Role.VIEWER),
    ("GET", "/front-office"): Case(P.WORKSPACE_READ, Role.VIEWER),
    ("PATCH", "/front-office"): Case(P.WORKSPACE_WRITE, Role.ADMIN, {"opt_in_required": True}),
    ("POST", "/api-keys"): Case(P.KEYS_MANAGE, Role.ADMIN, {"name": "k"}),
    ("GET", "/api-keys"): Case(P.KEYS_READ, Role.VIEWER),
    ("DELETE", "/api-keys/{key_id}"): Case(P.KEYS_MANAGE, Role.ADMIN),
    ("POST", "/api-keys/{key_id}/rotate"): Case(P.KEYS_MANAGE, Role.ADMIN),
    ("POST", "/agents"): Case(P.AGENTS_WRITE, Role.EDITOR, {"name": "a"}),
    ("GET", "/agents"): Case(P.AGENTS_READ, Role.VIEWER),
    ("GET", "/agents/{agent_id}"): Case(P.AGENTS_READ, Role.VIEWER),
    ("PATCH", "/agents/{agent_id}"): Case(P.AGENTS_WRITE, Role.EDITOR, {"description": "d"}),
    ("POST", "/agents/{agent_id}/publish"): Case(P.AGENTS_WRITE, Role.EDITOR),
    ("DELETE", "/agents/{agent_id}"): Case(P.AGENTS_WRITE, Role.EDITOR),
    ("POST", "/agents/{agent_id}/test"): Case(P.AGENTS_TEST, Role.VIEWER, {"message": "Who?"}),
    ("POST", "/agents/{agent_id}/pause"): Case(P.AGENTS_WRITE, Role.EDITOR),
    ("POST", "/agents/{agent_id}/resume"): Case(P.AGENTS_WRITE, Role.EDITOR),
    ("POST", "/agents/{agent_id}/chat"): Case(P.AGENTS_ASK, Role.VIEWER, {"message": "Who?"}),
    ("POST", "/messages/{message_id}/feedback"): Case(P.AGENTS_ASK, Role.VIEWER, {"feedback_type": "THUMBS_UP"}),
    ("GET", "/calibration"): Case(P.AGENTS_READ, Role.VIEWER),
    ("POST", "/calibration"): Case(P.AGENTS_WRITE, Role.EDITOR, {"labels": []}),
    ("DELETE", "/calibration"): Case(P.AGENTS_WRITE, Role.EDITOR),
    ("POST", "/collections"): Case(P.COLLECTIONS_WRITE, Role.EDITOR, {"name": "c"}),
    ("GET", "/collections"): Case(P.COLLECTIONS_READ, Role.VIEWER),
    ("GET", "/collections/{collection_id}"): Case(P.COLLECTIONS_READ, Role.VIEWER),
    ("PATCH", "/collections/{collection_id}"): Case(P.COLLECTIONS_WRITE, Role.EDITOR, {"description": "d"}),
    ("DELETE", "/collections/{collection_id}"): Case(P.COLLECTIONS_WRITE, Role.EDITOR),
    ("POST", "/documents/batch"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, params=(("collection_id", "ghost"),)),
    ("POST", "/documents"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, upload=True),
    ("GET", "/documents"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/documents/{document_id}"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("PATCH", "/documents/{document_id}"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, {"metadata": {"a": 1}}),
    ("DELETE", "/documents/{document_id}"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("POST", "/documents/{document_id}/reprocess"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("POST", "/documents/{document_id}/cancel"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("GET", "/documents/{document_id}/text"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/documents/{document_id}/chunks"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/documents/{document_id}/citation"): Case(
        P.DOCUMENTS_READ, Role.VIEWER, params=(("start", "0"), ("end", "5"))
    ),
    ("GET", "/documents/{document_id}/original"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/documents/{document_id}/events"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("POST", "/documents/url"): Case(
        P.DOCUMENTS_WRITE, Role.EDITOR, {"url": "http://127.0.0.1:9/", "collection_id": "ghost"}
    ),
    ("POST", "/crawls/preview"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, {"url": "http://127.0.0.1:9/"}),
    ("GET", "/crawls"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/crawls/{crawl_id}"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("PATCH", "/crawls/{crawl_id}"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, {"max_depth": 3}),
    ("DELETE", "/crawls/{crawl_id}"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("POST", "/crawls/{crawl_id}/run"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("POST", "/crawls/{crawl_id}/refresh"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, {"page_id": "ghost"}),
    ("POST", "/crawls/{crawl_id}/pause"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("POST", "/crawls/{crawl_id}/resume"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("POST", "/crawls/{crawl_id}/cancel"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("GET", "/crawls/{crawl_id}/pages"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/crawls/{crawl_id}/runs"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/crawls/{crawl_id}/runs/{run_id}"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/crawls/{crawl_id}/runs/{run_id}/changes"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/crawls/{crawl_id}/events"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/jobs/{job_id}/events"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/jobs"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/jobs/{job_id}"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("POST", "/jobs/{job_id}/cancel"): Case(P.DOCUMENTS_WRITE, Role.EDITOR),
    ("GET", "/queue"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("GET", "/dead-letters"): Case(P.DOCUMENTS_READ, Role.VIEWER),
    ("POST", "/dead-letters/replay"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, {"all": True}),
    ("POST", "/reconcile"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, {}),
    ("POST", "/reindex"): Case(P.DOCUMENTS_WRITE, Role.EDITOR, {}),
    ("GET", "/analytics/overview"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/conversations"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/conversations/export"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/documents"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/documents/export"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/collections"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/questions"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/questions/export"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/unanswered"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/unanswered/export"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/unanswered/{unanswered_id}"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("GET", "/analytics/unanswered/{unanswered_id}/phrasings"): Case(P.ANALYTICS_READ, Role.ANALYST),
    ("POST", "/analytics/unanswered/{unanswered_id}/answer"): Case(
        P.DOCUMENTS_WRITE, Role.EDITOR, {"answer": "Yes.", "collection_id": "col_ghost"}
    ),
    ("POST", "/analytics/unanswered/{unanswered_id}/dry-run"): Case(
        P.UNANSWERED_WRITE, Role.ANALYST, {"text": "Yes.", "collection_id": "col_ghost"}
    ),
    ("POST", "/analytics/preflight"): Case(P.ANALYTICS_READ, Role.ANALYST, {"document_ids": ["doc_ghost"]}),
    ("POST", "/analytics/unanswered/{unanswered_id}/merge"): Case(
        P.UNANSWERED_WRITE, Role.ANALYST, {"unanswered_ids": ["uq_ghost"]}
    ),
    ("POST", "/analytics/unanswered/{unanswered_id}/split"): Case(
        P.UNANSWERED_WRITE, Role.ANALYST, {"phrasing_ids": ["phr_ghost"]}
    ),
    ("PATCH", "/analytics/unanswered/{unanswered_id}"): Case(P.UNANSWERED_WRITE, Role.ANALYST, {"status": "RESOLVED"}),
    ("GET", "/conversations"): Case(P.CONVERSATIONS_READ, Role.ANALYST),
    ("DELETE", "/conversations"): Case(P.CONVERSATIONS_DELETE, Role.ADMIN, params=(("visitor", "v"),)),
    ("GET", "/conversations/export"): Case(P.CONVERSATIONS_READ, Role.ANALYST),
    ("GET", "/conversations/{conversation_id}"): Case(P.CONVERSATIONS_READ, Role.ANALYST),
    ("GET", "/conversations/{conversation_id}/export"): Case(P.CONVERSATIONS_READ, Role.ANALYST),
    ("DELETE", "/conversations/{conversation_id}"): Case(P.CONVERSATIONS_DELETE, Role.ADMIN),
    ("POST", "/webhooks"): Case(
        P.WEBHOOKS_MANAGE,
        Role.ADMIN,
        {"name": "w", "url": "https://receiver.example/", "event_types": ["DOCUMENT_FAILED"]},
    ),
    ("GET", "/webhooks"): Case(P.WEBHOOKS_READ, Role.ADMIN),
    ("GET", "/webhooks/event-types"): Case(P.WORKSPACE_READ, Role.VIEWER),
    ("GET", "/webhooks/{webhook_id}"): Case(P.WEBHOOKS_READ, Role.ADMIN),
    ("PATCH", "/webhooks/{webhook_id}"): Case(P.WEBHOOKS_MANAGE, Role.ADMIN, {"description": "d"}),
    ("DELETE", "/webhooks/{webhook_id}"): Case(P.WEBHOOKS_MANAGE, Role.ADMIN),
    ("POST", "/webhooks/{webhook_id}/rotate-secret"): Case(P.WEBHOOKS_MANAGE, Role.ADMIN),
    ("POST", "/webhooks/{webhook_id}/test"): Case(P.WEBHOOKS_MANAGE, Role.ADMIN),
    ("POST", "/webhooks/{webhook_id}/replay"): Case(P.WEBHOOKS_MANAGE, Role.ADMIN, {"since": "2027-01-01T00:00:00Z"}),
    ("GET", "/webhooks/{webhook_id}/deliveries"): Case(P.WEBHOOKS_READ, Role.ADMIN),
    ("GET", "/webhooks/{webhook_id}/deliveries/{delivery_id}"): Case(P.WEBHOOKS_READ, Role.ADMIN),
    ("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"): Case(P.WEBHOOKS_MANAGE, Role.ADMIN),
    ("POST", "/search"): Case(P.SEARCH, Role.VIEWER, {"query": "who"}),
}
# what takes no workspace: the caller's own account and the list of their workspaces
WITHOUT_WORKSPACE = {
    ("POST", "/api/v1/auth/signup"), ("POST", "/api/v1/auth/verify-otp"), ("POST", "/api/v1/auth/resend-otp"),
    ("POST", "/api/v1/auth/login"), ("POST", "/api/v1/auth/refresh"), ("POST", "/api/v1/auth/logout"),
    ("GET", "/api/v1/auth/me"), ("POST", "/api/v1/workspaces"), ("GET", "/api/v1/workspaces"),
    ("PATCH", "/api/v1/auth/me"), ("POST", "/api/v1/auth/forgot-password"), ("POST", "/api/v1/auth/reset-password"),
    ("POST", "/api/v1/auth/change-password"), ("POST", "/api/v1/auth/change-email"),
    ("POST", "/api/v1/auth/confirm-email"), ("GET", "/api/v1/auth/sessions"), ("DELETE", "/api/v1/auth/sessions"),
    ("DELETE", "/api/v1/auth/sessions/{session_id}"), ("GET", "/api/v1/auth/invitations"),
    ("POST", "/api/v1/auth/invitations/accept"),
}  # fmt: skip


# what takes a public key, whose workspace it is
WITH_PUBLIC_KEY = {
    ("GET", "/api/v1/widget/config/{agent_id}"), ("POST", "/api/v1/widget/chat"), ("POST", "/api/v1/widget/feedback"),
    ("POST", "/api/v1/widget/escalate"), ("GET", "/api/v1/widget/challenge/{agent_id}"),
    ("POST", "/api/v1/widget/notify"), ("POST", "/api/v1/widget/notify/confirm"),
}  # fmt: skip


def all_routes() -> list[tuple[str, str]]:
    """Method and path template of every route of the surface."""
    routes = [route for router in ROUTERS[INSYDR] for route in router.routes]
    return [(method, route.path) for route in routes for method in sorted(route.methods - {"HEAD"})]


def workspace_routes() -> list[tuple[str, str]]:
    return [(method, path.removeprefix(PREFIX)) for method, path in all_routes() if path.startswith(PREFIX)]


def request_of(case: Case, collection_id: str = "ghost") -> dict[str, Any]:
    """httpx options of a valid request."""
    if case.upload:
        return {"files": {"file": ("a.txt", b"text")}, "data": {"collection_id": collection_id}}
    options: dict[str, Any] = {"json": case.json} if case.json is not None else {}
    if case.params:
        options["params"] = {name: collection_id if value == "ghost" else value for name, value in case.params}
    if case.json is None and ("collection_id", "ghost") in case.params:
        options["content"] = b'{"text": "a"}'
    return options
