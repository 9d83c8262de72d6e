"""All surfaces, and whose a path is where no route says it: unmatched, refused early, crashed."""

from starlette.requests import Request

from api.askpro.surface import ASKPRO
from api.frontdesk.surface import FRONTDESK
from api.insydr.surface import INSYDR
from api.integration.surface import INTEGRATION
from api.surface import Surface
from api.voxforge.surface import VOXFORGE

SURFACES = (INSYDR, VOXFORGE, INTEGRATION, FRONTDESK, ASKPRO)
PREFIXES = {prefix: surface for surface in SURFACES for prefix in surface.prefixes}


def surface_of_path(path: str) -> Surface:
    """The surface of the longest matching prefix, whole segments only; Insydr for everything outside `/api`."""
    segments = path.rstrip("/").split("/")
    for length in range(len(segments), 1, -1):
        prefix = "/".join(segments[:length])
        if prefix in PREFIXES:
            return PREFIXES[prefix]
    return INSYDR


def surface_of(request: Request) -> Surface:
    """The matched route's surface; for anything unmatched the first segments decide."""
    surface: Surface | None = getattr(request.scope.get("route"), "surface", None)
    return surface or surface_of_path(request.url.path)
