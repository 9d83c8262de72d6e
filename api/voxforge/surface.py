"""VoxForge: agents that call."""

from api.surface import TEXT, Bucket, Surface, object_of
from core.errors import PlanLimit
from core.settings import Plan
from domain.plans import a_minute

CODES = {PlanLimit.default_code: "LIMIT_REACHED"}
REQUESTS = {Plan.FREE: 60, Plan.STARTER: 60, Plan.PROFESSIONAL: 300, Plan.BUSINESS: 600, Plan.ENTERPRISE: None}

VOXFORGE = Surface(
    name="voxforge",
    title="VoxForge API",
    prefixes=("/api/v1/agents", "/api/v1/campaigns", "/api/v1/calls", "/api/v1/appointments"),
    error_body=lambda error: {"error": {"code": CODES.get(error.code, error.code), "message": error.message}},
    error_schema=object_of(error=object_of(code=TEXT, message=TEXT)),
    buckets=(Bucket("voxforge", {plan: a_minute(requests) for plan, requests in REQUESTS.items()}),),
    has_conflict=False,
)
