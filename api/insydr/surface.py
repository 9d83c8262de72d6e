"""Insydr: the knowledge API. Its workspace stands in the path."""

from api.surface import Bucket, Json, Surface
from core.errors import InsydrError
from domain.plans import LIMITS, a_minute


def _body(error: InsydrError) -> Json:
    body: Json = {"detail": error.message, "code": error.code}
    if error.field:
        body["field"] = error.field
    return {**body, **error.details}


INSYDR = Surface(
    name="insydr",
    title="Insydr API",
    prefixes=("/api/v1",),
    error_body=_body,
    error_schema={
        "type": "object",
        "title": "Error",
        "required": ["detail", "code"],
        "properties": {
            "detail": {"type": "string", "description": "A sentence for a person."},
            "code": {"type": "string", "description": "A stable word for programs."},
            "field": {"type": "string", "description": "The input at fault, dotted."},
        },
    },
    buckets=(Bucket("insydr", {plan: a_minute(limits.requests) for plan, limits in LIMITS.items()}),),
    workspace_in_path=True,
    openapi_path="/api/v1/openapi.json",
    docs_path="/docs",
)
