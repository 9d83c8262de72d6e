"""A worker of the scaled-out shape: jobs from Redis or RabbitMQ, any number of such processes."""

import signal
import threading

from core.errors import InvalidInput
from core.logs import configure_logs
from core.settings import Settings
from insydr.wiring import Installation, data_folder


def work(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    configure_logs(settings.log_level, as_json=settings.log_json)
    if settings.embedded:
        raise InvalidInput(
            "A separate worker needs INSYDR_BROKER_URL: without it the server runs the jobs itself.",
            code="BROKER_MISSING",
        )
    data_folder(settings)
    parts, stop = Installation(settings), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        parts.start_relay()
        parts.start_work()
        parts.warm()
        stop.wait()
    finally:
        parts.close()
