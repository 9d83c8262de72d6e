"""The HTTP application: routes, handlers, middleware, OpenAPI, interactive docs."""

from importlib import resources
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from api import health
from api.insydr import (
    agent_test,
    agents,
    api_keys,
    auth,
    batch,
    collections,
    crawls,
    documents,
    events,
    jobs,
    queue,
    reindex,
    search,
    workspaces,
)
from api.middleware import BodyLimit, RequestLog
from api.openapi import with_errors
from api.state import ApiState
from api.surfaces.handlers import install_handlers

VERSION = "0.1.0"
INSYDR_OPENAPI = "/api/v1/openapi.json"
# `batch` and `crawls` before `documents`: /documents/batch is not the document “batch”
INSYDR = (
    auth,
    workspaces,
    api_keys,
    agents,
    agent_test,
    collections,
    batch,
    crawls,
    documents,
    events,
    jobs,
    reindex,
    queue,
    search,
)


def create_app(state: ApiState) -> ASGIApp:
    """Everything under one process, outermost middleware first."""
    app = FastAPI(title="Insydr", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.insydr = state
    for module in INSYDR:
        app.include_router(module.router)
    app.include_router(health.router)
    install_handlers(app)
    _documentation(app)
    return RequestLog(BodyLimit(app, state.settings.max_upload_mb * 2**20))


def insydr_openapi() -> dict[str, Any]:
    """OpenAPI 3.1 of the Insydr surface, absolute paths."""
    routes = [route for module in INSYDR for route in module.router.routes]
    schema = get_openapi(title="Insydr API", version=VERSION, openapi_version="3.1.0", routes=routes)
    return with_errors(schema)


def _documentation(app: FastAPI) -> None:
    """Swagger UI from the package `fastapi-offline`'s files: nothing comes from a CDN."""
    files = resources.files("fastapi_offline") / "static"
    app.mount("/docs/assets", StaticFiles(directory=str(files)), name="docs-assets")

    @app.get(INSYDR_OPENAPI, include_in_schema=False)
    def openapi() -> dict[str, Any]:
        return insydr_openapi()

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=INSYDR_OPENAPI,
            title="Insydr API",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon.png",
        )
