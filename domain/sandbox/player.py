"""The sandbox plays: reports that are due are applied as a provider's callbacks would be, and go.

A report and what it changes are one transaction, so that a process that dies has either done both or neither.
"""

from collections.abc import Mapping
from datetime import timedelta

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
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

log = structlog.get_logger()
AT_ONCE = 50
PUT_OFF = timedelta(minutes=1)
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
                _try(session, one)
        played += len(some)
        if len(some) < AT_ONCE:  # the rest is in other hands
            break
    return played


def _try(session: Session, one: SandboxReport) -> None:
    """One that cannot be applied, whatever the fault, is put off, so that it holds up no other."""
    try:
        with session.begin_nested():
            apply = APPLY[one.target_id.partition("_")[0]]
            apply(session, one.target_id, one.sequence, one.report)
            session.delete(one)
    except (OperationalError, InterfaceError):  # the database itself: all of it is tried again
        raise
    except Exception:
        log.exception("sandbox_report_failed", target_id=one.target_id, sequence=one.sequence)
        one.due_at = utc_now() + PUT_OFF
