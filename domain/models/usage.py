"""What a workspace used of its plan, by the month."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Tenancy


class MonthlyUsage(Base):
    """`month` (`2026-11`) is one of the workspace's zone. Its owner was told that `told_percent` of `told_limit`, which
    was the plan's then, are used."""

    __tablename__ = "monthly_usage"
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(Id, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int]
    told_percent: Mapped[int] = mapped_column(default=0)
    told_limit: Mapped[int | None]
