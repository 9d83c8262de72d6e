"""Room on a disk: asked for before what would do harm without it, so that a full one is a state with a message."""

import os
from pathlib import Path

from core.errors import Unavailable


def free_bytes(folder: Path) -> int:
    """What this process may still write on the disk of `folder`; 0 where it cannot be told."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def require_room(folder: Path, needed_bytes: int, consequence: str) -> None:
    """Raises `Unavailable` when the disk of `folder` has less than `needed_bytes` left."""
    if needed_bytes and free_bytes(folder) < needed_bytes:
        raise Unavailable(
            f"The disk has less than {needed_bytes / 2**20:g} MiB left, so that {consequence}. Make room; nothing was "
            "lost.",
            code="STORAGE_FULL",
        )
