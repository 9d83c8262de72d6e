"""Structured logs: JSON lines with time, level, event, request id. Secrets are dropped by name as a last defence."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import structlog

REMOVED = "[removed]"
_SECRET_NAMES = ("password", "token", "secret", "authorization", "api_key", "otp", "cookie", "smtp_url")


def drop_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose name says that they are secret."""
    for name in event:
        if sounds_secret(name):
            event[name] = REMOVED
    return event


def sounds_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_NAMES)


class _Stderr:
    """Where stderr is now. A log that cannot be written, its disk being full, must not end the thread that
    had something to say."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # ValueError: it is closed
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def configure_logs(level: str, *, as_json: bool) -> None:
    """Logs go to stderr: stdout is for results. What libraries log (uvicorn, Dramatiq) is rendered alike."""
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_secrets,
        structlog.processors.format_exc_info,
    ]
    stream: Any = _Stderr()
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), 20)),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
