"""How much may be asked: what every question passes (`ConversationService`), and every request for a human."""

from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.errors import TooManyRequests
from domain.api_keys.repository import ApiKeyRepository
from domain.identity.try_repository import TryRepository
from domain.principal import Principal

ESCALATIONS_AN_HOUR = 100  # of one public key


def daily_limit(session: Session, who: Principal, key_id: str) -> int | None:
    """Messages a day of the public key; None: as many as they like."""
    key = ApiKeyRepository(session, who).get(key_id) if key_id else None
    return key.messages_per_day if key else None


def take(database: Database, key_id: str, most: int | None) -> None:
    """Count a message of the key's UTC day; raises `TooManyRequests` beyond `most`, until midnight."""
    if most is None:
        return
    now = utc_now()
    with database.write() as session:
        count, _ = TryRepository(session).count(f"messages {key_id} {now:%Y-%m-%d}", timedelta(days=1))
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
