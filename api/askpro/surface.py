"""AskPro: the gateway of voice agents, with the vendors' callbacks."""

from api.surface import TEXT, Bucket, Surface, object_of, on_every_plan
from core.rates.rate import Rate

CALLBACKS = ("/api/retell-webhooks", "/api/calcom-webhooks", "/api/webhooks/retell", "/api/webhooks/calcom")

ASKPRO = Surface(
    name="askpro",
    title="AskPro API",
    prefixes=("/api", "/api/webhooks/retell", "/api/webhooks/calcom", "/docs/api", "/docs/api.json"),
    error_body=lambda error: {
        "success": False, "error": error.message, "code": error.code, "details": error.details,
    },
    error_schema=object_of(success={"type": "boolean"}, error=TEXT, code=TEXT, details={"type": "object"}),
    buckets=(
        Bucket("askpro", on_every_plan(Rate(60))), Bucket("askpro-webhooks", on_every_plan(Rate(100)), CALLBACKS),
    ),
    has_conflict=False,
)  # fmt: skip
