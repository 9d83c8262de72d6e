"""VoxForge: agents that call."""

from api.surface import TEXT, Bucket, Surface, object_of
from core.errors import Forbidden, InsydrError, InvalidInput, NotFound, PlanLimit, TooManyRequests, Unauthenticated
from core.settings import Plan
from domain.events.registry import Dialect
from domain.plans import a_minute

# the seed's table, one code for each; what it does not have keeps its own: conflicts, above all
CODES: dict[type[InsydrError], str] = {
    InvalidInput: "BAD_REQUEST", Unauthenticated: "UNAUTHORIZED", Forbidden: "FORBIDDEN", NotFound: "NOT_FOUND",
    PlanLimit: "LIMIT_REACHED", TooManyRequests: "RATE_LIMITED",
}  # fmt: skip
REQUESTS = {Plan.FREE: 60, Plan.STARTER: 60, Plan.PROFESSIONAL: 300, Plan.BUSINESS: 600, Plan.ENTERPRISE: None}


def _body(error: InsydrError) -> dict[str, dict[str, str]]:
    code = next((code for kind, code in CODES.items() if _is(error, kind)), error.code)
    return {"error": {"code": code, "message": error.message}}


def _is(error: InsydrError, kind: type[InsydrError]) -> bool:
    """Not what Starlette refuses with a status of its own."""
    return isinstance(error, kind) and error.status == kind.status


VOXFORGE = Surface(
    name="voxforge",
    title="VoxForge API",
    prefixes=("/api/v1/agents", "/api/v1/campaigns", "/api/v1/calls", "/api/v1/appointments"),
    error_body=_body,
    error_schema=object_of(error=object_of(code=TEXT, message=TEXT)),
    buckets=(Bucket("voxforge", {plan: a_minute(requests) for plan, requests in REQUESTS.items()}),),
    has_conflict=False,
    dialect=Dialect.VOXFORGE,
    openapi_path="/docs/voxforge.json",
    docs_path="/docs/voxforge",
)
