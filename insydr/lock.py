"""`server.lock`: the embedded shape is exactly one process; the CLI finds URL and token of a running server here."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.errors import Conflict
from insydr.data_folder import unusable

log = structlog.get_logger()
LOCK_FILE = "server.lock"


@dataclass(frozen=True, slots=True)
class Running:
    url: str
    token: str
    pid: int


class ServerLock:
    """Held while the process lives; the kernel releases it when the process dies, however it dies."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / LOCK_FILE
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unusable(data_dir, f"{LOCK_FILE}: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            running = find_running(data_dir)
            where = f"at {running.url} (pid {running.pid})" if running else "in another process"
            raise Conflict(
                f"Insydr runs already {where} on {data_dir}. Stop it, or set INSYDR_DATA_DIR to another folder.",
                code="ALREADY_RUNNING",
            ) from None

    def publish(self, url: str, token: str) -> None:
        """Tell the CLI where this server is."""
        content = json.dumps({"url": url, "token": token, "pid": os.getpid()}).encode()
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, content, 0)
        except OSError as error:  # a full disk: the server is there all the same
            log.warning("lock_not_written", reason=error.strerror)

    def release(self) -> None:
        os.ftruncate(self._file, 0)
        os.close(self._file)


def find_running(data_dir: Path) -> Running | None:
    """The server that holds the lock, if there is one and it has said where it is. Raises `Unavailable` when the folder
    cannot be used."""
    try:
        file = os.open(data_dir / LOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(data_dir, f"{LOCK_FILE}: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        content = os.read(file, 10_000)
        return Running(**json.loads(content)) if content else None
    finally:
        os.close(file)
    return None
