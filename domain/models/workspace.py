"""Workspaces: the tenants."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class Workspace(Created, Base):
    """A tenant. A deleted one keeps its row until everything it owned is gone."""

    __tablename__ = "workspaces"
    tenancy = Tenancy.NONE  # they are the workspaces

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    logo_url: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(default="UTC")
    plan: Mapped[str]
    settings: Mapped[dict[str, Any]]
    escalation_email: Mapped[str | None]  # None: the owner's
    conversation_retention_days: Mapped[int | None]  # None: as the installation's setting says
    owner_id: Mapped[str] = mapped_column(Id)
    deleted_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1)

    # two editors with the same ETag: the slower one's UPDATE finds no row (RFC 9110 §13.1.1)
    __mapper_args__ = {"version_id_col": revision, "version_id_generator": False}
