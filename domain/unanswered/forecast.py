"""The outlook of items as they are listed: two queries for all of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.analytics.days import MOST_DAYS, Period, day_of
from domain.principal import Principal
from domain.unanswered.outlook import SPAN, WEEKS, Counted, outlook
from domain.unanswered.outlook_repository import OutlookRepository
from domain.unanswered.repository import Item


def recent(timezone: str) -> Period:
    """The days by whose failures gains are ordered."""
    today = day_of(utc_now(), ZoneInfo(timezone))
    return Period(today - timedelta(days=SPAN - 1), today, timezone)


def forecast(session: Session, who: Principal, items: Sequence[Item], timezone: str) -> list[Item]:
    """With their outlooks. What was resolved more than a year ago has no realised gain any more."""
    if not items:
        return []
    zone = ZoneInfo(timezone)
    today = day_of(utc_now(), zone)
    resolved = {one.cluster.id: day_of(at, zone) for one in items if (at := one.cluster.resolved_at) is not None}
    earliest = min(resolved.values(), default=today) - timedelta(days=SPAN)
    first = max(today - timedelta(days=MOST_DAYS), min(earliest, today - timedelta(weeks=WEEKS)))
    rows = OutlookRepository(session, who)
    days, questions = rows.days([one.cluster.id for one in items], first), rows.questions(first)
    found = []
    for one in items:
        cluster = one.cluster
        began = day_of(cluster.created_at, zone)
        on = resolved.get(cluster.id)
        is_known = on is not None and on - timedelta(days=SPAN) >= first
        counted = Counted(days.get(cluster.id, {}), began, cluster.status, on if is_known else None)
        found.append(replace(one, outlook=outlook(counted, questions, today)))
    return found
