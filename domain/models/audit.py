"""The audit log: who changed what, in the transaction that changed it. Rows are added, and go when they are old."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy

JsonOrNull = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class AuditEntry(Created, Base):
    """`before` and `after` hold the fields that changed, without secrets."""

    __tablename__ = "audit_entries"
    tenancy = Tenancy.OWN
    __table_args__ = (
        Index("ix_audit_entries_workspace", "workspace_id", "id"),
        Index("ix_audit_entries_target", "workspace_id", "target_id"),
        Index("ix_audit_entries_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    action: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None] = mapped_column(Id)  # the person, of a key its creator
    key_id: Mapped[str | None] = mapped_column(Id)
    target_type: Mapped[str]
    target_id: Mapped[str] = mapped_column(Id)
    target_name: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JsonOrNull)
    after: Mapped[dict[str, Any] | None] = mapped_column(JsonOrNull)
    address: Mapped[str | None]
    request_id: Mapped[str | None]
