"""The data folder: made with tight permissions, and tightened where it was there before."""

import os
import stat
from pathlib import Path

import structlog

from core.errors import Unavailable
from core.settings import Settings

log = structlog.get_logger()


def data_folder(settings: Settings) -> Path:
    """Raises `Unavailable` when it cannot be used."""
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = folder.stat().st_mode
    except OSError as error:
        raise unusable(folder, error.strerror) from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise unusable(folder, "this user may not write to it, or its disk is read-only")
    if mode & 0o077:
        _tighten(folder, mode)
    return folder


def unusable(folder: Path, reason: str | None) -> Unavailable:
    return Unavailable(
        f"The data folder {folder} cannot be used ({reason}). Set INSYDR_DATA_DIR to a folder that this user may write "
        "to, or mend its permissions.",
        code="DATA_FOLDER_UNUSABLE",
    )


def _tighten(folder: Path, mode: int) -> None:
    """Others must not enter: then they read nothing in it. A sticky one (`/tmp`) is meant for all."""
    try:
        if mode & stat.S_ISVTX:
            raise PermissionError
        folder.chmod(0o700)
    except OSError:
        log.warning("data_folder_open_to_others", folder=str(folder), advice=f"chmod 700 {folder}")
