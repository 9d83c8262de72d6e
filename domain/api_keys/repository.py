"""Queries of API keys."""

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.models import ApiKey
from domain.scope import TenantRepository


class ApiKeyRepository(TenantRepository):
    def get(self, key_id: str) -> ApiKey | None:
        return self.session.scalar(self.select(ApiKey).where(ApiKey.id == key_id))

    def page(self, limit: int, offset: int) -> tuple[list[ApiKey], int]:
        mine = self.select(ApiKey)
        total = self.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
        rows = self.session.scalars(mine.order_by(ApiKey.id).limit(limit).offset(offset))
        return list(rows), total


def by_digest(session: Session, digest: str) -> ApiKey | None:
    """The key somebody presents: here the key finds the tenant, so there is none to ask for yet."""
    return session.scalar(select(ApiKey).where(ApiKey.digest == digest))


def public_domains(session: Session) -> list[list[str]]:
    """The domains of each public key that is accepted now, of all workspaces."""
    alive = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > utc_now())
    query = select(ApiKey.allowed_domains).where(ApiKey.kind == "public", ApiKey.revoked_at.is_(None), alive)
    return list(session.scalars(query))


def touch(session: Session, key_ids: list[str]) -> None:
    """Set `last_used_at`; called in batches, never in a request."""
    session.execute(update(ApiKey).where(ApiKey.id.in_(key_ids)).values(last_used_at=utc_now()))
