"""What the provider reports of a message."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.models import SmsStatus
from domain.texting import repository
from domain.texting.states import MOVES


def apply_report(session: Session, message_id: str, sequence: int, report: Mapping[str, Any]) -> None:
    """`report` has the new `status`, and an `error` where it failed."""
    row = repository.by_id(session, message_id)
    status = SmsStatus(report["status"])
    if row is None or sequence <= row.sequence or status not in MOVES[SmsStatus(row.status)]:
        return
    now = utc_now()
    row.status, row.error, row.sequence, row.updated_at = status, report.get("error"), sequence, now
    if status in (SmsStatus.SENT, SmsStatus.DELIVERED):
        row.sent_at = row.sent_at or now
    if status is SmsStatus.DELIVERED:
        row.delivered_at = now
