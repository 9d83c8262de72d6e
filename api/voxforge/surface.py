"""VoxForge: agents that call."""

from api.surface import TEXT, Surface, object_of

VOXFORGE = Surface(
    name="voxforge",
    title="VoxForge API",
    prefixes=("/api/v1/agents", "/api/v1/campaigns", "/api/v1/calls", "/api/v1/appointments"),
    error_body=lambda error: {"error": {"code": error.code, "message": error.message}},
    error_schema=object_of(error=object_of(code=TEXT, message=TEXT)),
    has_conflict=False,
)
