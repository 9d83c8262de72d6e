"""A worker of the scaled-out shape: jobs from Redis or RabbitMQ, any number of such processes."""

import signal
import threading
from collections.abc import Callable

from core.errors import InvalidInput
from core.logs import configure_logs
from core.settings import Settings
from insydr.data_folder import data_folder
from insydr.metrics import QueueCollector
from insydr.parts import Installation


def work(settings: Settings, build: Callable[[Settings], Installation] = Installation) -> None:
    """Work until SIGTERM or SIGINT."""
    configure_logs(settings.log_level, as_json=settings.log_json)
    if settings.embedded:
        raise InvalidInput(
            "A separate worker needs INSYDR_BROKER_URL: without it the server runs the jobs itself.",
            code="BROKER_MISSING",
        )
    data_folder(settings)
    parts, stop = build(settings), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        parts.start_relay()
        parts.start_work()
        parts.warm()
        if settings.worker_metrics_port:
            _serve_metrics(parts, settings.worker_metrics_port)
        stop.wait()
    finally:
        parts.close()


def _serve_metrics(parts: Installation, port: int) -> None:
    from prometheus_client import REGISTRY, start_http_server

    REGISTRY.register(QueueCollector(parts.database))
    start_http_server(port, addr=parts.settings.host)
