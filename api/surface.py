"""A surface: one of the APIs that this process serves, as far as they differ. What they share knows no surface.

A route carries its surface, so an error anywhere under it is rendered as that surface says it.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, ClassVar

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api.admission import admitted
from api.body_limits import limited, needed_before
from api.idempotency import idempotent
from api.json_body import strict_json
from api.principal import identity
from core.errors import InsydrError, PlanLimit
from core.rates.rate import Rate
from core.settings import Plan
from domain.events.registry import Dialect

Json = dict[str, Any]
TEXT: Json = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """Requests that count together for one caller, by the plan of the workspace; those below `prefixes`, else all of
    the surface that no other bucket has."""

    name: str
    rates: Mapping[Plan, tuple[Rate, ...]]
    prefixes: tuple[str, ...] = ()


def on_every_plan(*rates: Rate) -> Mapping[Plan, tuple[Rate, ...]]:
    """The shortest window first."""
    return dict.fromkeys(Plan, rates)


@dataclass(frozen=True, eq=False)
class Surface:
    """`prefixes` are the first segments of its paths, without a trailing slash (CONTRACT, “Whose route is it”).

    `error_schema` is the JSON Schema of what `error_body` makes. A surface without `has_conflict` says 400 where others
    say 409, or 422 for anything but a plan's limit (CONTRACT, “Status codes”). Without `workspace_in_path` the
    workspace is the key's or the header's. `docs_path` is a page on which its routes can be tried out; with a `dialect`
    its OpenAPI names those events only. `leaves_out` are paths below its prefixes that are another's.
    """

    name: str
    title: str
    prefixes: tuple[str, ...]
    error_body: Callable[[InsydrError], Json]
    error_schema: Json
    buckets: tuple[Bucket, ...]
    has_conflict: bool = True
    workspace_in_path: bool = False
    openapi_path: str | None = None
    docs_path: str | None = None
    leaves_out: tuple[str, ...] = ()
    openapi_version: str = "3.1.0"
    dialect: Dialect | None = None

    def render(self, error: InsydrError) -> JSONResponse:
        """The error as this surface says it."""
        collides = error.status in (409, 422) and not isinstance(error, PlanLimit)
        status = 400 if collides and not self.has_conflict else error.status
        headers = dict(error.headers)
        if status == 401:
            headers.setdefault("WWW-Authenticate", "Bearer")
        return JSONResponse(self.error_body(error), status_code=status, headers=headers)

    def owns(self, path: str) -> bool:
        """Whether none of the longer prefixes that other surfaces took out of this one's has the path."""
        return not any(path == one or path.startswith(f"{one}/") for one in self.leaves_out)

    def router(self, prefix: str, *, tag: str) -> APIRouter:
        """A router whose routes belong to this surface."""
        tags: list[str | Enum] = [tag]

        class Route(SurfaceRoute):
            surface = self

        return APIRouter(prefix=prefix, route_class=Route, tags=tags)


class SurfaceRoute(APIRoute):
    """Carries the surface; limits its bodies, and reads none of a stranger; its posts honour `Idempotency-Key`."""

    surface: ClassVar[Surface]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Not where a longer prefix is another's: `/api/webhooks/{webhookId}` is not `/api/webhooks/retell`."""
        match, child = super().matches(scope)
        if match is not Match.NONE and not self.surface.owns(scope["path"]):
            return Match.NONE, {}
        return match, child

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        caller = partial(identity, workspace_in_path=self.surface.workspace_in_path)
        handler = idempotent(strict_json(super().get_route_handler()), caller, self.endpoint)
        return limited(admitted(handler, self.dependant, needed_before(self.endpoint)), self.endpoint)


def object_of(**properties: Json) -> Json:
    """JSON Schema of an object that has these properties."""
    return {"type": "object", "required": list(properties), "properties": properties}
