"""INSERT that says what to do where the row is there already, on either database."""

from typing import cast

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.database.base import Base


def insert_into(session: Session, model: type[Base]) -> sqlite.Insert:
    """With `on_conflict_do_nothing` and `on_conflict_do_update`, which both databases write alike."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return cast(sqlite.Insert, dialect.insert(model))
