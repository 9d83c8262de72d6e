"""All surfaces, and whose a path is where no route says it: unmatched, refused early, crashed."""

from collections.abc import Mapping
from typing import TypeVar

from starlette.requests import Request

from api.askpro.surface import ASKPRO
from api.frontdesk.surface import FRONTDESK
from api.insydr.surface import INSYDR
from api.integration.surface import INTEGRATION
from api.surface import Bucket, Surface
from api.voxforge.surface import VOXFORGE

SURFACES = (INSYDR, VOXFORGE, INTEGRATION, FRONTDESK, ASKPRO)
PREFIXES = {prefix: surface for surface in SURFACES for prefix in surface.prefixes}
BUCKETS = {prefix: bucket for surface in SURFACES for bucket in surface.buckets for prefix in bucket.prefixes}
DEEPEST = max(prefix.count("/") for prefix in (*PREFIXES, *BUCKETS)) + 1
Owner = TypeVar("Owner")


def owner_of_path(path: str) -> Surface | None:
    """The surface of the longest matching prefix, whole segments only; None for what is no API's."""
    return _longest(PREFIXES, path)


def surface_of_path(path: str) -> Surface:
    """As `owner_of_path`; Insydr for everything else."""
    return owner_of_path(path) or INSYDR


def bucket_of_path(surface: Surface, path: str) -> Bucket:
    """What requests to this path count as."""
    return _longest(BUCKETS, path) or next(bucket for bucket in surface.buckets if not bucket.prefixes)


def surface_of(request: Request) -> Surface:
    """The matched route's surface; for anything unmatched the first segments decide."""
    surface: Surface | None = getattr(request.scope.get("route"), "surface", None)
    return surface or surface_of_path(request.url.path)


def _longest(owners: Mapping[str, Owner], path: str) -> Owner | None:
    segments = path.rstrip("/").split("/", DEEPEST)[:DEEPEST]
    prefixes = ("/".join(segments[:length]) for length in range(len(segments), 1, -1))
    return next((owners[prefix] for prefix in prefixes if prefix in owners), None)
