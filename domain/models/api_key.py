"""Keys of programs and widgets."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy


class ApiKey(Created, Base):
    """A public (`pk_live_`) or secret (`sk_live_`) key; only its digest is stored."""

    __tablename__ = "api_keys"
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    line_id: Mapped[str | None] = mapped_column(Id)  # the first of those that replaced one another; None: itself
    created_by: Mapped[str] = mapped_column(Id)
    name: Mapped[str]
    kind: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    key_prefix: Mapped[str]
    allowed_domains: Mapped[list[Any]]
    permissions: Mapped[list[Any]]
    allowed_ips: Mapped[list[Any]]
    messages_per_day: Mapped[int | None]  # of a public key: by all its visitors; None: any number
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    @property
    def is_active(self) -> bool:
        """Whether it is accepted at this moment."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > utc_now())
