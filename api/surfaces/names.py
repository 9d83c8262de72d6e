"""The five surfaces, and the one map from first path segments to them (CONTRACT, “Whose route is it”)."""

from enum import StrEnum


class Surface(StrEnum):
    INSYDR = "insydr"
    VOXFORGE = "voxforge"
    INTEGRATION = "integration"
    FRONTDESK = "frontdesk"
    ASKPRO = "askpro"


PREFIXES: dict[str, Surface] = {
    "/api": Surface.ASKPRO,
    "/docs/api": Surface.ASKPRO,
    "/api/v1": Surface.INSYDR,
    **{f"/api/v1/{name}": Surface.VOXFORGE for name in ("agents", "campaigns", "calls", "appointments")},
    **{
        f"/api/v1/{name}": Surface.INTEGRATION
        for name in ("workflows", "executions", "credentials", "connectors", "webhooks", "openapi")
    },
    **{
        f"/api/{name}": Surface.FRONTDESK
        for name in ("calls", "leads", "appointments", "sms", "emails", "webhooks", "secrets")
    },
    "/api/webhooks/retell": Surface.ASKPRO,
    "/api/webhooks/calcom": Surface.ASKPRO,
}


def surface_of_path(path: str) -> Surface:
    """The surface of the longest matching prefix, whole segments only; Insydr for everything outside `/api`."""
    segments = path.rstrip("/").split("/")
    for length in range(len(segments), 1, -1):
        prefix = "/".join(segments[:length])
        if prefix in PREFIXES:
            return PREFIXES[prefix]
    # `/docs/api.json` is the one path whose last segment only begins with a prefix
    return Surface.ASKPRO if path.startswith("/docs/api.") else Surface.INSYDR
