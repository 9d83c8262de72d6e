"""Each surface's error body. The only place that knows them."""

from collections.abc import Callable
from typing import Any

from fastapi.responses import JSONResponse

from api.surfaces.names import Surface
from core.errors import InsydrError

Body = dict[str, Any]


def _insydr(error: InsydrError) -> Body:
    body: Body = {"detail": error.message, "code": error.code}
    if error.field:
        body["field"] = error.field
    return {**body, **error.details}


def _voxforge(error: InsydrError) -> Body:
    return {"error": {"code": error.code, "message": error.message}}


def _integration(error: InsydrError) -> Body:
    return {"error": error.message, "code": error.code}


def _frontdesk(error: InsydrError) -> Body:
    return {"message": error.message}


def _askpro(error: InsydrError) -> Body:
    return {"success": False, "error": error.message, "code": error.code, "details": error.details}


RENDERERS: dict[Surface, Callable[[InsydrError], Body]] = {
    Surface.INSYDR: _insydr,
    Surface.VOXFORGE: _voxforge,
    Surface.INTEGRATION: _integration,
    Surface.FRONTDESK: _frontdesk,
    Surface.ASKPRO: _askpro,
}
# 409 exists on Insydr and FrontDesk; elsewhere a conflict is 400 with a code (CONTRACT, “Status codes”).
_NO_CONFLICT = {Surface.VOXFORGE, Surface.INTEGRATION, Surface.ASKPRO}


def render(error: InsydrError, surface: Surface) -> JSONResponse:
    """The error as this surface says it."""
    status = 400 if error.status == 409 and surface in _NO_CONFLICT else error.status
    headers = dict(error.headers)
    if status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(RENDERERS[surface](error), status_code=status, headers=headers)
