"""How a call may go on. What is reported late, or twice, changes nothing."""

from domain.models import CallStatus

S = CallStatus
MOVES: dict[CallStatus, frozenset[CallStatus]] = {
    S.QUEUED: frozenset({S.RINGING, S.IN_PROGRESS, S.COMPLETED, S.FAILED}),
    S.RINGING: frozenset({S.IN_PROGRESS, S.COMPLETED, S.FAILED}),
    S.IN_PROGRESS: frozenset({S.COMPLETED, S.FAILED}),
    S.COMPLETED: frozenset(),
    S.FAILED: frozenset(),
}
