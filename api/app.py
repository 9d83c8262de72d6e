"""The HTTP application: the surfaces' routes, handlers, middleware, OpenAPI, interactive docs."""

from collections.abc import Callable
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from api import health, web
from api.cors import WidgetCors
from api.error_handlers import install_handlers
from api.frontdesk.routes import ROUTERS as FRONTDESK_ROUTERS
from api.frontdesk.surface import FRONTDESK
from api.insydr.routes import ROUTERS as INSYDR_ROUTERS
from api.insydr.surface import INSYDR
from api.limits import RateLimits
from api.middleware import HeadRequests, OwnRedirects, PlainAddress, ProxyHops, RequestLog
from api.openapi import completed, with_webhooks
from api.state import ApiState
from api.surface import Surface
from api.voxforge.routes import ROUTERS as VOXFORGE_ROUTERS
from api.voxforge.surface import VOXFORGE
from domain.api_keys.origins import OriginBook

VERSION = "0.1.0"
# a surface's routers are named here, and nowhere else
ROUTERS: dict[Surface, tuple[APIRouter, ...]] = {
    INSYDR: INSYDR_ROUTERS,
    VOXFORGE: VOXFORGE_ROUTERS,
    FRONTDESK: FRONTDESK_ROUTERS,
}


def create_app(state: ApiState) -> ASGIApp:
    """Everything under one process, outermost middleware first."""
    app = FastAPI(title="Insydr", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.insydr = state
    for surface, routers in ROUTERS.items():
        for router in routers:
            app.include_router(router)
        if surface.openapi_path:
            app.get(surface.openapi_path, include_in_schema=False)(_openapi_of(surface))
    app.include_router(health.router)
    app.include_router(web.router)
    install_handlers(app)
    _documentation(app)
    book = OriginBook(state.database, localhost=state.settings.widget_localhost)
    inner = RateLimits(PlainAddress(OwnRedirects(app, state.settings.public_url)), state)
    outer = RequestLog(HeadRequests(WidgetCors(inner, book)))
    return ProxyHops(outer, hops) if (hops := state.settings.trusted_proxy_hops) else outer


def openapi_of(surface: Surface) -> dict[str, Any]:
    """OpenAPI of one surface, absolute paths."""
    routes = [route for router in ROUTERS[surface] for route in router.routes]
    schema = get_openapi(title=surface.title, version=VERSION, openapi_version=surface.openapi_version, routes=routes)
    schema = completed(schema, surface)
    return with_webhooks(schema, surface.dialect) if surface.openapi_version.startswith("3.1") else schema


def _openapi_of(surface: Surface) -> Callable[[], dict[str, Any]]:
    def openapi() -> dict[str, Any]:
        return openapi_of(surface)

    return openapi


def _documentation(app: FastAPI) -> None:
    """Swagger UI from the package `fastapi-offline`'s files: nothing comes from a CDN."""
    files = resources.files("fastapi_offline") / "static"
    app.mount("/docs/assets", StaticFiles(directory=str(files)), name="docs-assets")

    for surface in ROUTERS:
        if surface.docs_path:
            app.get(surface.docs_path, include_in_schema=False)(_page_of(surface))


def _page_of(surface: Surface) -> Callable[[], HTMLResponse]:
    def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url=str(surface.openapi_path),
            title=surface.title,
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon.png",
        )
        page.headers["Content-Security-Policy"] = _policy(bytes(page.body))
        return page

    return docs


def _policy(page: bytes) -> str:
    """Our own files and the page's one script, told by its hash; styles are set by Swagger UI as it goes."""
    scripts = web.source_hashes(page, "script")
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
