"""What the carrier reports of a mail."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.emails import repository
from domain.emails.states import MOVES
from domain.models import EmailStatus


def apply_report(session: Session, email_id: str, sequence: int, report: Mapping[str, Any]) -> None:
    """`report` has the new `status`, and an `error` where it bounced or failed."""
    row = repository.by_id(session, email_id)
    status = EmailStatus(report["status"])
    if row is None or sequence <= row.sequence or status not in MOVES[EmailStatus(row.status)]:
        return
    now = utc_now()
    row.status, row.error, row.sequence, row.updated_at = status, report.get("error"), sequence, now
    if status is not EmailStatus.FAILED:
        row.sent_at = row.sent_at or now
