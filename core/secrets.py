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
    """The key in the file, made where there is none. Raises `InvalidInput` when it cannot be read or written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _stored(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be made ({error.strerror}): see INSYDR_DATA_DIR.") from None
    key = secrets.token_hex(32)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink()  # half of a key would be a damaged one
        raise InvalidInput(f"{path} cannot be written ({error.strerror}): make room, and try again.") from None
    return key


def _stored(path: Path) -> str:
    try:
        key = path.read_text().strip()
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror}): it must belong to this user, with chmod 600."
        raise InvalidInput(message, code="SECRET_KEY_UNREADABLE") from None
    except UnicodeDecodeError:
        key = ""
    if len(key) < 32:
        raise InvalidInput(f"{path} is damaged: restore it from a backup.", code="SECRET_KEY_DAMAGED")
    return key
