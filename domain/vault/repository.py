"""Queries of the secrets of a workspace."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func

from core.database.conflicts import insert_into
from domain.models import Secret
from domain.scope import TenantRepository


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list."""

    category: str | None = None
    environment: str | None = None


class SecretRepository(TenantRepository):
    def get(self, secret_id: str, *, lock: bool = False) -> Secret | None:
        query = self.select(Secret).where(Secret.id == secret_id)
        return self.session.scalar(query.with_for_update() if lock else query)

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Secret], int]:
        """By name, and how many there are."""
        query = self.select(Secret)
        if wanted.category is not None:
            query = query.where(Secret.category == wanted.category)
        if wanted.environment is not None:
            query = query.where(Secret.environment == wanted.environment)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        ordered = query.order_by(Secret.name, Secret.environment).limit(limit).offset(offset)
        return list(self.session.scalars(ordered)), total

    def insert(self, values: dict[str, Any]) -> bool:
        """False where the name is taken in its environment; also by one that came at the same moment."""
        row = insert_into(self.session, Secret).values(**values)
        unique = row.on_conflict_do_nothing(index_elements=["workspace_id", "name", "environment"])
        return self.session.scalar(unique.returning(Secret.id)) is not None

    def is_taken(self, name: str, environment: str, by_another_than: str) -> bool:
        query = self.select(Secret).where(Secret.name == name, Secret.environment == environment)
        return self.session.scalar(query.where(Secret.id != by_another_than).limit(1)) is not None
