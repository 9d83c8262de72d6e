"""Queries of events. System work across tenants."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.ids import Prefix, first_id
from domain.models import EventRow


def remove_old(session: Session, before: datetime, limit: int) -> bool:
    """Some events recorded before that, whether there were any: ids are in the order of time, and indexed."""
    ids = session.scalars(select(EventRow.id).where(EventRow.id < first_id(Prefix.EVENT, before)).limit(limit)).all()
    session.execute(delete(EventRow).where(EventRow.id.in_(ids)))
    return bool(ids)
