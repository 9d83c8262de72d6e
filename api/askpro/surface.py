"""AskPro: the gateway of voice agents, with the vendors' callbacks."""

from api.surface import TEXT, Surface, object_of

ASKPRO = Surface(
    name="askpro",
    title="AskPro API",
    prefixes=("/api", "/api/webhooks/retell", "/api/webhooks/calcom", "/docs/api", "/docs/api.json"),
    error_body=lambda error: {
        "success": False, "error": error.message, "code": error.code, "details": error.details,
    },
    error_schema=object_of(success={"type": "boolean"}, error=TEXT, code=TEXT, details={"type": "object"}),
    has_conflict=False,
)  # fmt: skip
