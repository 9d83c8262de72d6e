"""Queries of the counts of tries."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database.conflicts import insert_into
from domain.models import TryCount


class TryRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def count(self, scope: str, window: timedelta) -> tuple[int, datetime]:
        """One try more, in one statement, so that tries at the same moment are counted apart: how many, until when."""
        now = utc_now()
        first = insert_into(self.session, TryCount).values(scope=scope, tries=1, ends_at=now + window)
        over = TryCount.ends_at <= now
        counted = first.on_conflict_do_update(
            index_elements=["scope"],
            set_={
                "tries": case((over, 1), else_=TryCount.tries + 1),
                "ends_at": case((over, first.excluded.ends_at), else_=TryCount.ends_at),
            },
        ).returning(TryCount.tries, TryCount.ends_at)
        tries, ends_at = self.session.execute(counted).one()
        return tries, ends_at

    def give_back(self, scope: str) -> None:
        found = update(TryCount).where(TryCount.scope == scope, TryCount.tries > 0)
        self.session.execute(found.values(tries=TryCount.tries - 1))

    def forget(self, scope: str) -> None:
        self.session.execute(delete(TryCount).where(TryCount.scope == scope))

    def forget_old(self, keep: int) -> None:
        """What counts no longer; and beyond `keep` rows those that would end first."""
        self.session.execute(delete(TryCount).where(TryCount.ends_at <= utc_now()))
        newest_first = select(TryCount.ends_at).order_by(TryCount.ends_at.desc())
        last = self.session.scalar(newest_first.offset(keep).limit(1))
        if last is not None:
            self.session.execute(delete(TryCount).where(TryCount.ends_at <= last))
