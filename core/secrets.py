"""The installation's secret key: given by a setting, or made once and kept where only its owner can read it."""

import os
import secrets
from pathlib import Path

from core.errors import InvalidInput
from core.settings import Settings

KEY_FILE = "secret.key"


def secret_key(settings: Settings) -> str:
    """Key of at least 32 characters. Scaled out it must be a setting: every process needs the same one."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    if not settings.embedded:
        raise InvalidInput(
            "INSYDR_SECRET_KEY is not set. With INSYDR_BROKER_URL every process needs the same key: "
            "set it to 32 or more random characters, e.g. the output of `openssl rand -hex 32`.",
            code="SECRET_KEY_MISSING",
        )
    return _generated(settings.data_dir / KEY_FILE)


def _generated(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text().strip()
        if len(key) < 32:
            raise InvalidInput(f"{path} is damaged: restore it from a backup.", code="SECRET_KEY_DAMAGED") from None
        return key
    key = secrets.token_hex(32)
    with os.fdopen(handle, "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
