"""Messages of a month: each question of any channel is one, counted before it is answered (CONTRACT, “Limits”).

Counted in SQL and not in Redis: it is what somebody pays for, so it must be neither lost nor exceeded.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.clock import iso, utc_now
from core.errors import TooManyRequests
from core.queue.outbox import enqueue
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.models import Workspace
from domain.plans import limits_of
from domain.principal import Principal
from domain.usage.jobs import MAIL_QUOTA
from domain.usage.months import Month, month_at
from domain.usage.repository import Counted, UsageRepository

TOLD_AT = (80, 100)  # percent


@dataclass(frozen=True, slots=True)
class Quota:
    """`most` messages in a month of the zone; None: any number."""

    plan: str
    most: int | None
    timezone: str

    @classmethod
    def of(cls, workspace: Workspace) -> "Quota":
        return cls(workspace.plan, limits_of(workspace.plan).messages, workspace.timezone)


def take_message(session: Session, who: Principal, quota: Quota) -> Month:
    """Count one; the month that it belongs to. Raises `TooManyRequests` where the month has no more."""
    now = utc_now()
    month, rows = month_at(now, quota.timezone), UsageRepository(session, who)
    counted = rows.count_message(month.name, quota.most)
    if counted is None:
        raise TooManyRequests(
            f"The {quota.most:,} messages a month of the plan {quota.plan} are used up. There are more from "
            f"{iso(month.ends_at)} on, and with a larger plan.",
            retry_after_s=month.left_s(now), code="QUOTA_EXCEEDED",
        )  # fmt: skip
    if quota.most is not None:
        _tell(rows, quota.most, month, counted)
    return month


def _tell(rows: UsageRepository, most: int, month: Month, counted: Counted) -> None:
    """The owner, by mail and as an event, once for each limit, whatever is given back meanwhile."""
    reached = max((percent for percent in TOLD_AT if counted.messages * 100 >= most * percent), default=0)
    told = counted.told_percent if counted.told_limit == most else 0
    if reached <= told:
        return
    workspace_id = rows.who.workspace_id
    rows.tell(month.name, reached, most)
    data = {
        "quota": "MESSAGES", "used": counted.messages, "limit": most, "percent": reached,
        "resets_at": iso(month.ends_at),
    }  # fmt: skip
    kind = EventType.QUOTA_REACHED if reached == TOLD_AT[-1] else EventType.QUOTA_WARNING
    record(rows.session, Event(kind, workspace_id, data))
    enqueue(rows.session, MAIL_QUOTA, workspace_id=workspace_id, month=month.name, percent=str(reached))
