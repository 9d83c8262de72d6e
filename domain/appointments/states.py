"""Which status of an appointment may follow which."""

from collections.abc import Mapping

from core.errors import Conflict
from domain.models import AppointmentStatus as S

MOVES: Mapping[S, tuple[S, ...]] = {
    S.SCHEDULED: (S.CONFIRMED, S.RESCHEDULED, S.CANCELLED, S.COMPLETED, S.NO_SHOW),
    S.CONFIRMED: (S.RESCHEDULED, S.CANCELLED, S.COMPLETED, S.NO_SHOW),
    S.RESCHEDULED: (S.CONFIRMED, S.RESCHEDULED, S.CANCELLED, S.COMPLETED, S.NO_SHOW),
    S.NO_SHOW: (S.RESCHEDULED,),
    S.CANCELLED: (),
    S.COMPLETED: (),
}
TAKES_TIME = frozenset({S.SCHEDULED, S.CONFIRMED, S.RESCHEDULED})  # of its staff; its reminders are sent


def checked_move(old: S, new: S) -> S:
    """Raises `Conflict`. The same status again is no move."""
    if new != old and new not in MOVES[old]:
        raise Conflict(f"A {old} appointment cannot become {new}{_allowed(old)}", code="INVALID_STATUS", field="status")
    return new


def after_moving(old: S) -> S:
    """The status of one whose time changes, where nobody says another. Raises `Conflict`."""
    if not MOVES[old]:
        raise Conflict(
            f"The time of a {old} appointment cannot change{_allowed(old)}", code="INVALID_STATUS", field="start"
        )
    return S.RESCHEDULED


def _allowed(old: S) -> str:
    following = MOVES[old]
    return f": only {', '.join(following)}." if following else ": it has ended. Make a new one instead."
