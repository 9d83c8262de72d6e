"""SQL: engines, units of work, the declarative base and its types."""

from core.database.base import Base, Created, Id, JsonColumn, Tenancy, UtcDateTime, models_by_table
from core.database.engine import Database, translated, wake_after_commit

__all__ = [
    "Base", "Created", "Database", "Id", "JsonColumn", "Tenancy", "UtcDateTime", "models_by_table", "translated",
    "wake_after_commit",
]  # fmt: skip
