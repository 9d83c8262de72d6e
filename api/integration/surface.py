"""Integration Layer: workflows that join other systems."""

from api.surface import TEXT, Bucket, Surface, object_of, on_every_plan
from core.errors import PlanLimit
from core.rates.rate import Rate

CODES = {PlanLimit.default_code: "PLAN_LIMIT"}

INTEGRATION = Surface(
    name="integration",
    title="Integration Layer API",
    prefixes=(
        "/api/v1/workflows", "/api/v1/executions", "/api/v1/credentials", "/api/v1/connectors", "/api/v1/webhooks",
        "/api/v1/openapi",
    ),
    error_body=lambda error: {"error": error.message, "code": CODES.get(error.code, error.code)},
    error_schema=object_of(error=TEXT, code=TEXT),
    buckets=(Bucket("integration", on_every_plan(Rate(100))),),
    has_conflict=False,
)  # fmt: skip
