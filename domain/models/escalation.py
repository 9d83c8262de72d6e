"""Visitors who asked for a human."""

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class Escalation(Created, Base):
    __tablename__ = "escalations"
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id, index=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[str] = mapped_column(Id)
    email: Mapped[str]
    name: Mapped[str | None]
    phone: Mapped[str | None]
    message: Mapped[str | None] = mapped_column(Text)
    page_url: Mapped[str | None] = mapped_column(Text)
