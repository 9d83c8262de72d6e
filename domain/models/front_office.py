"""How a workspace's front office works, and what its sandbox has still to play."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Id, Tenancy


class FrontOffice(Base):
    """Settings of a workspace; without a row each has its default (`domain.front_office.settings`)."""

    __tablename__ = "front_offices"
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    settings: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class SandboxReport(Base):
    """What the sandbox reports of a call, message or mail at `due_at`, as a provider would; it goes when it was."""

    __tablename__ = "sandbox_reports"
    __table_args__ = (Index("ix_sandbox_reports_due", "due_at"),)
    tenancy = Tenancy.OWN

    target_id: Mapped[str] = mapped_column(Id, primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    due_at: Mapped[datetime]
    report: Mapped[dict[str, Any]]
