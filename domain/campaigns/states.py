"""Which status of a campaign may follow which."""

from collections.abc import Mapping

from core.errors import Conflict
from domain.models import CampaignStatus as S

MOVES: Mapping[S, tuple[S, ...]] = {
    S.ACTIVE: (S.PAUSED, S.COMPLETED, S.CANCELLED),
    S.PAUSED: (S.ACTIVE, S.COMPLETED, S.CANCELLED),
    S.COMPLETED: (),
    S.CANCELLED: (),
}
OVER = frozenset({S.COMPLETED, S.CANCELLED})


def check_move(old: S, new: S) -> None:
    """Raises `Conflict`. The same status again is no move."""
    if new != old and new not in MOVES[old]:
        raise Conflict(
            f"A {old} campaign cannot become {new}: it has ended. Make a new one instead.",
            code="INVALID_STATUS", field="status",
        )  # fmt: skip
