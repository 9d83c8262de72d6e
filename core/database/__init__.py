"""SQL: engines, units of work, the declarative base and its types."""

from core.database.base import Base, Created, Id, JsonColumn, Tenancy, UtcDateTime, models_by_table
from core.database.bulk import insert_rows
from core.database.engine import Database, translated, wake_after_commit
from core.database.writer_lock import patiently

__all__ = [
    "Base", "Created", "Database", "Id", "JsonColumn", "Tenancy", "UtcDateTime", "insert_rows", "models_by_table",
    "patiently", "translated", "wake_after_commit",
]  # fmt: skip
