"""The sandbox plays: reports that are due are applied as a provider's callbacks would be, and go.

A report and what it changes are one transaction, so that a process that dies has either done both or neither.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.ids import Prefix
from domain.calls.reports import apply_report as apply_to_call
from domain.emails.reports import apply_report as apply_to_email
from domain.models import SandboxReport
from domain.sandbox import repository
from domain.sandbox.protocol import Apply
from domain.texting.reports import apply_report as apply_to_text

AT_ONCE = 50
ROUNDS = 40  # of one pass, so that its process can stop
APPLY: Mapping[str, Apply] = {
    Prefix.CALL: apply_to_call, Prefix.TEXT_MESSAGE: apply_to_text, Prefix.EMAIL: apply_to_email,
}  # fmt: skip


def play(database: Database) -> int:
    """All that is due; how many reports that was."""
    played = 0
    for _ in range(ROUNDS):
        with database.read() as session:
            if not repository.is_due(session, utc_now()):
                return played
        with database.write() as session:
            some = repository.due(session, utc_now(), AT_ONCE)
            for one in some:
                _apply(session, one)
        played += len(some)
    return played


def _apply(session: Session, one: SandboxReport) -> None:
    apply = APPLY[one.target_id.partition("_")[0]]
    apply(session, one.target_id, one.sequence, one.report)
    session.delete(one)
