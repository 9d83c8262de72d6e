"""Events: what happened to a workspace's things, in the order in which it was committed or nearly so."""

from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class EventRow(Created, Base):
    """`data` holds ids and codes, never content."""

    __tablename__ = "events"
    tenancy = Tenancy.OWN
    __table_args__ = (Index("ix_events_workspace", "workspace_id", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
