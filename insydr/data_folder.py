"""The data folder: made with tight permissions, and tightened where it was there before."""

import os
from pathlib import Path

import structlog

from core.errors import Unavailable
from core.settings import Settings

log = structlog.get_logger()
# what an installation keeps in its folder
OURS = frozenset({
    "insydr.db", "insydr.db-wal", "insydr.db-shm", "insydr.db-journal", "secret.key", "server.lock", "demo-password",
    "blobs", "models", "outbox", "vectors",
})  # fmt: skip


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
        _tighten(folder)
    return folder


def unusable(folder: Path, reason: str | None) -> Unavailable:
    return Unavailable(
        f"The data folder {folder} cannot be used ({reason}). Set INSYDR_DATA_DIR to a folder that this user may write "
        "to, or mend its permissions.",
        code="DATA_FOLDER_UNUSABLE",
    )


def _tighten(folder: Path) -> None:
    """Others must not enter what is ours alone: then they read nothing in it.

    A folder that holds anything else (somebody set `/srv`, or a mount) belongs to others, too: to close it could break
    a whole machine. There only what is ours is closed, and the folder is told.
    """
    try:
        names = {entry.name for entry in folder.iterdir()}
        alone = names <= OURS
        for path in [folder] if alone else [folder / name for name in names & OURS]:
            path.chmod(path.stat().st_mode & ~0o077)
        if alone:
            return
    except OSError as error:
        log.info("data_folder_not_closed", reason=error.strerror)
    advice = "set INSYDR_DATA_DIR to a folder of its own, or see that others may not enter this one"
    log.warning("data_folder_open_to_others", folder=str(folder), advice=advice)
