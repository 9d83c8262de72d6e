"""Secrets that a workspace keeps with us: sealed, never shown again."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy


class Secret(Created, Base):
    """`sealed_value` is AES-256-GCM with the row's id as associated data; `vault_key_id` names the key that sealed it.
    Of the value itself only `hint`, its last characters, is kept in the clear."""

    __tablename__ = "secrets"
    __table_args__ = (Index("uq_secrets_name", "workspace_id", "name", "environment", unique=True),)
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    category: Mapped[str]
    environment: Mapped[str]
    description: Mapped[str | None] = mapped_column(Text)
    sealed_value: Mapped[bytes]
    vault_key_id: Mapped[str] = mapped_column(index=True)
    hint: Mapped[str]
    created_by: Mapped[str] = mapped_column(Id)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)  # never before created_at
