"""`insydr serve`."""

from typing import Any

import typer

from core.errors import InvalidInput
from core.settings import load_settings


def run_server(host: str | None, port: int | None, workers: int) -> None:
    """Serve until stopped. Several processes on one port are the work of a load balancer before them."""
    if workers != 1:
        raise InvalidInput(
            "One `insydr serve` is one process. To use more, start it several times behind a load balancer with "
            "INSYDR_DATABASE_URL, INSYDR_BROKER_URL and INSYDR_QDRANT_URL set.",
            code="WORKERS_REFUSED",
        )
    overrides: dict[str, Any] = {}
    if host is not None:
        overrides["host"] = host
    if port is not None:
        overrides["port"] = port
    from insydr.server import serve

    serve(load_settings(**overrides), lambda _, url: typer.echo(f"Insydr answers at {url} (docs: {url}/docs)"))
