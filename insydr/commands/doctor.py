"""`insydr doctor`: what is configured, reachable and wrong. Changes nothing."""

import os
import platform
import shutil
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec

from sqlalchemy.exc import SQLAlchemyError

from core.disk import free_bytes
from core.errors import InsydrError
from core.secrets import KEY_FILE
from core.settings import Settings, config_file, load_settings
from domain.upkeep.health import QueueState, queue_health
from insydr.data_folder import data_folder
from insydr.lock import find_running
from insydr.output import emit
from insydr.parts import Installation

OK, WARNING, WRONG = "ok", "warning", "wrong"
_MARKS = {OK: "✓", WARNING: "!", WRONG: "✗"}
_NOT_SETTINGS = {"INSYDR_CONFIG"}


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    state: str
    text: str


def run_doctor(*, as_json: bool) -> int:
    """Exit code 0 when nothing is wrong."""
    settings = load_settings()
    findings = [*_machine(), *_settings(settings), *_parts(settings)]
    wrong = any(finding.state == WRONG for finding in findings)
    text = "\n".join(f"{_MARKS[f.state]} {f.part:<12} {f.text}" for f in findings)
    emit({"ok": not wrong, "findings": [asdict(f) for f in findings]}, as_json=as_json, text=text)
    return 1 if wrong else 0


def _machine() -> list[Finding]:
    found = [Finding("python", OK, f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores")]
    tesseract = shutil.which("tesseract")
    text = f"tesseract at {tesseract}" if tesseract else "tesseract is not installed: scanned pages are not read"
    found.append(Finding("ocr", OK if tesseract else WARNING, text))
    extras = {"models": "sentence_transformers", "s3": "boto3"}
    here = [name for name, module in extras.items() if find_spec(module)]
    found.append(Finding("extras", OK, ", ".join(here) or "none installed"))
    return found


def _settings(settings: Settings) -> list[Finding]:
    shape = "embedded (one process, data folder)" if settings.embedded else "scaled out"
    found = [Finding("shape", OK, f"{shape}, insydr {_version()}, plan of new workspaces {settings.plan}")]
    file = config_file()
    found.append(Finding("config", OK, f"{file}" if file.exists() else f"environment only (no {file})"))
    known = {f"INSYDR_{name.upper()}" for name in Settings.model_fields} | _NOT_SETTINGS
    unknown = sorted(n for n in os.environ if n.startswith("INSYDR_") and n not in known and "TEST" not in n)
    if unknown:
        found.append(Finding("config", WARNING, f"unknown settings, ignored: {', '.join(unknown)}"))
    key = settings.data_dir / KEY_FILE
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        found.append(Finding("secret", WRONG, f"{key} can be read by others: chmod 600 {key}"))
    return found


def _parts(settings: Settings) -> list[Finding]:
    running = find_running(settings.data_dir) if settings.embedded else None
    parts = Installation(settings)
    where = f"runs at {running.url} (pid {running.pid})" if running else "does not run here"
    checks: dict[str, Callable[[], str]] = {
        "server": lambda: where,
        "data folder": lambda: f"{settings.data_dir}, {_free(settings)} MiB free",
        "secret": lambda: "set" if parts.keys else "",
        "database": lambda: parts.database.check(),
        "blobs": lambda: parts.blobs.check(),
        "mail": lambda: "SMTP" if settings.smtp_url else f"no SMTP: mails are files in {settings.data_dir / 'outbox'}",
        "answers": lambda: parts.writer.describe() if parts.writer else "extractive (no language model configured)",
        "embedding": lambda: parts.model.describe(),
        "reader": lambda: parts.reader.describe() if parts.reader else "none: answers are chosen by words alone",
        "broker": lambda: _broker(parts),
    }
    if running is None:  # the running server holds the embedded engine's lock; it speaks for itself at /readyz
        checks["vectors"] = lambda: parts.vectors.check()
    try:
        return [*(_finding(name, check) for name, check in checks.items()), _rates(settings), *_queue(parts)]
    finally:
        parts.close()


def _rates(settings: Settings) -> Finding:
    """Where requests are counted. Without it they pass, so that nothing of it is wrong enough to fail."""
    url = settings.rates_redis_url
    if url is None and not settings.embedded:
        return Finding("rates", WARNING, "each server counts its own requests: set INSYDR_RATE_LIMIT_URL=redis://…")
    if url is None:
        return Finding("rates", OK, "counted in the process")
    import redis

    try:
        redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        text = f"requests pass uncounted: Redis does not answer ({type(error).__name__})"
        return Finding("rates", WARNING, text)
    return Finding("rates", OK, "counted in Redis, by all servers together")


def _queue(parts: Installation) -> list[Finding]:
    """What waits; nothing where there are no tables yet, or no database, which has a line of its own."""
    try:
        with parts.database.read() as session:
            health = queue_health(session)
    except (SQLAlchemyError, InsydrError):
        return []
    found = health.counts
    failed = sum(found.failed.values())
    numbers = f"{found.queued} wait, {found.processing} in work, {found.workers} workers, {failed} failed"
    state = WARNING if health.state in (QueueState.STARVED, QueueState.STUCK) else OK
    return [Finding("queue", state, f"{health.state}: {health.sentence} {numbers}")]


def _finding(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, OK, check())
    except InsydrError as error:
        return Finding(name, WRONG, error.message)


def _broker(parts: Installation) -> str:
    if parts.settings.embedded:
        return "in the process"
    broker = parts.broker
    client = getattr(broker, "client", None)
    try:
        if client is not None:
            client.ping()
        else:
            broker.get_declared_queues()
            getattr(broker, "connection", None)
    except Exception as error:  # each broker's client has errors of its own
        raise InsydrError(f"the broker does not answer ({type(error).__name__})") from error
    return type(broker).__name__


def _free(settings: Settings) -> int:
    return free_bytes(data_folder(settings)) // 2**20


def _version() -> str:
    try:
        return metadata.version("insydr")
    except metadata.PackageNotFoundError:
        return "(not installed)"
