"""Whether an installation can work, part by part."""

from collections.abc import Callable, Mapping

from core.disk import require_room
from core.errors import InsydrError
from core.settings import Settings


def readiness(checks: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    """Each part's name and "ok", or what is wrong with it."""
    return {name: _answer(check) for name, check in checks.items()}


def check_disk(settings: Settings) -> None:
    """Room for new files, and for what was accepted before."""
    from core.vectors.edge import WRITE_ROOM_BYTES

    reserve = max(settings.min_free_disk_mb * 2**20, WRITE_ROOM_BYTES)
    require_room(settings.data_dir, reserve, "nothing new is taken; searches go on")


def _answer(check: Callable[[], object]) -> str:
    try:
        check()
    except InsydrError as error:
        return error.message
    return "ok"
