"""SQL: engines, units of work, the declarative base and its types."""

from core.database.base import Base, Created, Id, JsonColumn, UtcDateTime
from core.database.engine import Database, translated, wake_after_commit

__all__ = ["Base", "Created", "Database", "Id", "JsonColumn", "UtcDateTime", "translated", "wake_after_commit"]
