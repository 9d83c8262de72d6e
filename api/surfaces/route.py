"""Routes that carry their surface, so that an error anywhere under them is rendered as that surface says it."""

from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any, ClassVar

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from api.idempotency import idempotent
from api.surfaces.names import Surface, surface_of_path


class SurfaceRoute(APIRoute):
    """Carries the surface; its posts honour `Idempotency-Key`."""

    surface: ClassVar[Surface]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return idempotent(super().get_route_handler())


class InsydrRoute(SurfaceRoute):
    surface = Surface.INSYDR


class VoxForgeRoute(SurfaceRoute):
    surface = Surface.VOXFORGE


class IntegrationRoute(SurfaceRoute):
    surface = Surface.INTEGRATION


class FrontDeskRoute(SurfaceRoute):
    surface = Surface.FRONTDESK


class AskProRoute(SurfaceRoute):
    surface = Surface.ASKPRO


ROUTES: dict[Surface, type[SurfaceRoute]] = {
    route.surface: route for route in (InsydrRoute, VoxForgeRoute, IntegrationRoute, FrontDeskRoute, AskProRoute)
}


def surface_router(surface: Surface, prefix: str, *, tag: str, **options: Any) -> APIRouter:
    """A router whose routes belong to `surface`."""
    tags: list[str | Enum] = [tag]
    return APIRouter(prefix=prefix, route_class=ROUTES[surface], tags=tags, **options)


def surface_of(request: Request) -> Surface:
    """The matched route's surface; for anything unmatched the first segments decide."""
    route = request.scope.get("route")
    return getattr(route, "surface", None) or surface_of_path(request.url.path)
