"""How a message may go on. What is reported late, or twice, changes nothing."""

from domain.models import SmsStatus

S = SmsStatus
MOVES: dict[SmsStatus, frozenset[SmsStatus]] = {
    S.QUEUED: frozenset({S.SENT, S.DELIVERED, S.FAILED, S.UNDELIVERED}),
    S.SENT: frozenset({S.DELIVERED, S.FAILED, S.UNDELIVERED}),
    S.DELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.UNDELIVERED: frozenset(),
    S.RECEIVED: frozenset(),
}
