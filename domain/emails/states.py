"""How a mail may go on. What is reported late, or twice, changes nothing."""

from domain.models import EmailStatus

S = EmailStatus
MOVES: dict[EmailStatus, frozenset[EmailStatus]] = {
    S.DRAFT: frozenset({S.QUEUED}),
    S.PENDING_APPROVAL: frozenset({S.QUEUED}),
    S.QUEUED: frozenset({S.SENT, S.DELIVERED, S.BOUNCED, S.FAILED}),  # a report may overtake the one before it
    S.SENT: frozenset({S.DELIVERED, S.BOUNCED, S.FAILED}),
    S.DELIVERED: frozenset(),
    S.BOUNCED: frozenset(),
    S.FAILED: frozenset(),
    S.RECEIVED: frozenset(),
}
