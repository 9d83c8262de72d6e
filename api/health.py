"""Liveness, readiness, metrics. The first two wait for no other request: neither takes a thread that work may have."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api.state import State

router = APIRouter(tags=["Health"])


@router.get("/livez")
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "A part is down; the body says which."}})
async def ready(state: State) -> JSONResponse:
    """Every part answers; `degraded` (200) where only room on the disk is missing: questions are answered."""
    parts = await state.pools.health.run(state.health)
    wrong = {name for name, part in parts.items() if part != "ok"}
    status = "unavailable" if wrong - {"disk"} else "degraded" if wrong else "ok"
    return JSONResponse({"status": status, "parts": parts}, 503 if status == "unavailable" else 200)


@router.get("/metrics", response_class=Response)
def metrics(state: State) -> Response:
    """Prometheus text format."""
    from prometheus_client import CONTENT_TYPE_LATEST

    return Response(state.metrics(), media_type=CONTENT_TYPE_LATEST)
