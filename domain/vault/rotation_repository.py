"""Queries of rotation. System work across tenants, for whoever runs the installation."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.models import Secret


def counts(session: Session) -> dict[str, int]:
    """How many secrets each key has sealed, by its id."""
    query = select(Secret.vault_key_id, func.count()).group_by(Secret.vault_key_id).order_by(Secret.vault_key_id)
    return dict(session.execute(query).tuples().all())


def sealed_otherwise(session: Session, key_id: str, after: str, limit: int) -> list[Secret]:
    """The next page of those that another key has sealed; nobody else changes them meanwhile."""
    query = select(Secret).where(Secret.vault_key_id != key_id, Secret.id > after)
    return list(session.scalars(query.order_by(Secret.id).limit(limit).with_for_update()))
