"""The OpenAPI document: each operation states the errors it can answer with, in the surface's envelope."""

from copy import deepcopy
from typing import Any

from api.surface import TEXT, Surface, object_of
from domain.events.catalogue import EVENTS
from domain.events.registry import Dialect, WireEvent
from domain.webhooks.signing import SIGNATURE_HEADERS

DESCRIPTIONS = {
    "400": "The request is wrong.",
    "401": "No credentials, or credentials that do not hold.",
    "403": "A role, permission, origin or address is missing.",
    "404": "Not there, or another workspace's.",
    "408": "The body did not come in time.",
    "409": "Collides with what is stored.",
    "412": "`If-Match` names an older state.",
    "413": "The body is too large.",
    "422": "Well formed, but it cannot be processed.",
    "429": "Too many requests or tries, or a quota that is used up; see `Retry-After`.",
    "503": "A part is down; nothing was changed.",
}

RATE_HEADERS = {
    f"X-RateLimit-{name}": {"description": description, "schema": {"type": "integer"}}
    for name, description in {
        "Limit": "Requests that the caller may make in the window; 2147483647: as many as they like.",
        "Remaining": "How many of them are left.",
        "Reset": "Unix time at which the oldest request that still counts is forgotten.",
    }.items()
}
_RATE_REFERENCES = {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_HEADERS}

# What a person reads in the docs' list: “List documents”, not the function's name.
VERBS = {"Create": "Create", "Page": "List", "Get": "Read", "Update": "Change", "Delete": "Delete"}
NOUNS = {"API keys": "API key"}


def completed(schema: dict[str, Any], surface: Surface) -> dict[str, Any]:
    """Replace FastAPI's own 422 by our error responses, and plain names by readable ones."""
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    components["Error"] = surface.error_schema
    schema["components"]["headers"] = RATE_HEADERS
    schema["components"]["responses"] = {status: _response(status) for status in DESCRIPTIONS}
    for methods in schema["paths"].values():
        for method, operation in methods.items():
            operation["summary"] = _summary(operation)
            operation["responses"].pop("422", None)
            if "requestBody" in operation:  # what an endpoint says of it is the endpoint's
                operation["requestBody"] = deepcopy(operation["requestBody"])
            components.update(_definitions(operation))
            for response in operation["responses"].values():
                response["headers"] = response.get("headers", {}) | _RATE_REFERENCES
            for status in _statuses(method, operation):
                if status == "409" and not surface.has_conflict:
                    continue
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{status}"})
    return schema


def with_webhooks(schema: dict[str, Any], dialect: Dialect | None = None) -> dict[str, Any]:
    """What we send (OpenAPI 3.1 §4.8.1): every event, whose names any surface takes, or those of one dialect."""
    events = [event for event in EVENTS if dialect in (None, event.dialect)]
    schema["webhooks"] = {event.name: {"post": _sent(event)} for event in events}
    return schema


def _definitions(operation: dict[str, Any]) -> dict[str, Any]:
    """What the schema of a body that an endpoint reads by itself refers to, taken out of it."""
    content = operation.get("requestBody", {}).get("content", {})
    return {name: one for body in content.values() for name, one in body["schema"].pop("$defs", {}).items()}


def _sent(event: WireEvent) -> dict[str, Any]:
    body = object_of(
        event={"const": event.name}, timestamp={"type": "string", "format": "date-time"}, data=event.schema
    )
    sample = {"event": event.name, "timestamp": "2026-01-26T00:00:00Z", "data": event.sample}
    names = ("X-Webhook-Event", "X-Webhook-Delivery", SIGNATURE_HEADERS[event.dialect][0], "webhook-id",
             "webhook-timestamp", "webhook-signature")  # fmt: skip
    return {
        "summary": event.description,
        "tags": ["Webhooks"],
        "parameters": [{"name": name, "in": "header", "required": True, "schema": TEXT} for name in names],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body, "example": sample}}},
        "responses": {"2XX": {"description": "Taken. Anything else, or none within 10 seconds, is tried again."}},
    }


def _summary(operation: dict[str, Any]) -> str:
    name, tag = operation["summary"], operation["tags"][0]
    if name not in VERBS:
        return str(name).capitalize()
    many = str(tag) if tag in NOUNS else str(tag).lower()
    one = NOUNS.get(tag, many.removesuffix("s"))
    return f"{VERBS[name]} {many if name == 'Page' else ('an ' if one[0] in 'aA' else 'a ') + one}"


def _statuses(method: str, operation: dict[str, Any]) -> list[str]:
    statuses = ["400", "429", "503"]
    if operation.get("security"):
        statuses += ["401", "403", "404"]
    if method != "get":
        statuses += ["401", "403", "404", "408", "409", "413", "422"]
    if any(parameter["name"].lower() == "if-match" for parameter in operation.get("parameters", [])):
        statuses.append("412")
    return statuses


def _response(status: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": DESCRIPTIONS[status], "content": content, "headers": _RATE_REFERENCES}
