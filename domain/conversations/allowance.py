"""How much may be asked: what every question passes (`ConversationService`), and every request for a human."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.errors import NotFound, TooManyRequests
from domain.api_keys.repository import ApiKeyRepository
from domain.identity.try_repository import TryRepository
from domain.principal import Principal
from domain.usage.months import Month
from domain.usage.quota import Quota, take_message
from domain.usage.repository import UsageRepository
from domain.workspaces.repository import WorkspaceRepository

ESCALATIONS_AN_HOUR = 100  # of one public key


@dataclass(frozen=True, slots=True)
class Allowance:
    """Messages of the workspace's month, and of the public key's day; None: any number of them."""

    quota: Quota
    key_id: str = ""
    messages_per_day: int | None = None


def allowance_of(session: Session, who: Principal, key_id: str) -> Allowance:
    workspace = WorkspaceRepository(session).get(who.workspace_id)
    if workspace is None:
        raise NotFound("There is no such workspace.", code="WORKSPACE_NOT_FOUND")
    key = ApiKeyRepository(session, who).get(key_id) if key_id else None
    return Allowance(Quota.of(workspace), key_id, key.messages_per_day if key else None)


def take(database: Database, who: Principal, allowance: Allowance) -> Month:
    """Count a message; the month that it belongs to. Raises `TooManyRequests`, and counts nothing then."""
    with database.write() as session:
        if allowance.messages_per_day is not None:
            _take_daily(session, allowance.key_id, allowance.messages_per_day)
        return take_message(session, who, allowance.quota)


def give_back(database: Database, who: Principal, allowance: Allowance, month: Month) -> None:
    """A message that broke on our side is neither the workspace's nor the key's."""
    with database.write() as session:
        if allowance.messages_per_day is not None:
            TryRepository(session).give_back(_day_of(allowance.key_id, utc_now()))
        UsageRepository(session, who).give_back(month.name)


def _day_of(key_id: str, now: datetime) -> str:
    return f"messages {key_id} {now:%Y-%m-%d}"


def _take_daily(session: Session, key_id: str, most: int) -> None:
    """By the UTC day, until midnight."""
    now = utc_now()
    count, _ = TryRepository(session).count(_day_of(key_id, now), timedelta(days=1))
    if count > most:
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        raise TooManyRequests(
            "No more messages are taken today. Try again tomorrow.",
            retry_after_s=max(1, int((midnight - now).total_seconds())), code="DAILY_LIMIT",
        )  # fmt: skip


def bound_escalations(session: Session, key_id: str) -> None:
    """Each is a mail to the workspace: raises `TooManyRequests` beyond so many of the key's pages in an hour."""
    count, ends_at = TryRepository(session).count(f"escalations {key_id}", timedelta(hours=1))
    if count > ESCALATIONS_AN_HOUR:
        raise TooManyRequests(
            "Too many people have asked for a human here. Try again later.",
            retry_after_s=max(1, int((ends_at - utc_now()).total_seconds())), code="TOO_MANY_ESCALATIONS",
        )  # fmt: skip
