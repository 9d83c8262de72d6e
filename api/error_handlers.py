"""Exception handlers: the whole error tree, validation, and Starlette's own, in the envelope of the surface."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.json_body import invalid_json
from api.surfaces import surface_of
from core.errors import InsydrError, InvalidInput, NotFound
from core.strict_model import first_fault

_PLACES = ("body", "query", "path", "header", "cookie")


def install_handlers(app: FastAPI) -> None:
    app.add_exception_handler(InsydrError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _crashed)  # Starlette's own would answer in plain text, then raise


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, InsydrError)
    return surface_of(request).render(error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return surface_of(request).render(validation_error(error.errors()))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    cause = error.__cause__  # FastAPI makes a plain 400 of whatever is raised while it reads a body, a 413 too
    surface = surface_of(request)
    return surface.render(cause if isinstance(cause, InsydrError) else _translated(error, surface.docs_path or "/docs"))


async def _crashed(request: Request, _: Exception) -> Response:
    """Starlette raises the error again after this, for the log."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "unknown")
    broken = InsydrError(f"Something broke on our side. Tell us this request id: {request_id}.")
    return surface_of(request).render(broken)


def validation_error(errors: Sequence[Any]) -> InvalidInput:
    """The first fault; its field without the place that it came in."""
    first = dict(errors[0])
    if first["type"] == "json_invalid":
        return invalid_json()
    location = tuple(first["loc"])
    return first_fault([first | {"loc": location[1:] if location and location[0] in _PLACES else location}])


def _translated(error: HTTPException, docs: str) -> InsydrError:
    if error.status_code == 404:
        return NotFound(f"There is nothing at this address. See {docs} for what there is.")
    phrase = HTTPStatus(error.status_code).phrase
    translated = InvalidInput(
        str(error.detail or phrase), code=phrase.upper().replace(" ", "_"), headers=dict(error.headers or {})
    )
    translated.status = error.status_code  # type: ignore[misc]  # Starlette's own statuses (405, 400) stay as they are
    return translated
