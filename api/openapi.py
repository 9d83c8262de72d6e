"""The OpenAPI document: each operation states the errors it can answer with, in the surface's envelope."""

from typing import Any

ERROR = {
    "type": "object",
    "title": "Error",
    "required": ["detail", "code"],
    "properties": {
        "detail": {"type": "string", "description": "A sentence for a person."},
        "code": {"type": "string", "description": "A stable word for programs."},
        "field": {"type": "string", "description": "The input at fault, dotted."},
    },
}
DESCRIPTIONS = {
    "400": "The request is wrong.",
    "401": "No credentials, or credentials that do not hold.",
    "403": "A role, permission, origin or address is missing.",
    "404": "Not there, or another workspace's.",
    "409": "Collides with what is stored.",
    "412": "`If-Match` names an older state.",
    "413": "The body is too large.",
    "422": "Well formed, but it cannot be processed.",
    "429": "Too many tries; see `Retry-After`.",
    "503": "A part is down; nothing was changed.",
}


def with_errors(schema: dict[str, Any]) -> dict[str, Any]:
    """Replace FastAPI's own 422 by our error responses."""
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    components["Error"] = ERROR
    for methods in schema["paths"].values():
        for method, operation in methods.items():
            operation["responses"].pop("422", None)
            for status in _statuses(method, operation):
                operation["responses"].setdefault(status, _response(status))
    return schema


def _statuses(method: str, operation: dict[str, Any]) -> list[str]:
    statuses = ["400", "503"]
    if operation.get("security"):
        statuses += ["401", "403", "404"]
    if method != "get":
        statuses += ["401", "403", "404", "409", "413", "422", "429"]
    if any(parameter["name"].lower() == "if-match" for parameter in operation.get("parameters", [])):
        statuses.append("412")
    return statuses


def _response(status: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": DESCRIPTIONS[status], "content": content}
