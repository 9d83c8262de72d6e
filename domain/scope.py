"""The one function that makes the SQL tenant scope; repositories of a workspace's things build on it."""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from domain.principal import Principal

M = TypeVar("M")


def mine(model: type[Any], who: Principal) -> ColumnElement[bool]:
    """`WHERE workspace_id = …` for any table of a workspace."""
    column: InstrumentedAttribute[str] = model.workspace_id
    return column == who.workspace_id


class TenantRepository:
    """Base of repositories: every query starts from `select`, which carries the tenant."""

    def __init__(self, session: Session, who: Principal) -> None:
        self.session, self.who = session, who

    def select(self, model: type[M]) -> Select[M]:
        return select(model).where(mine(model, self.who))
