"""Invitations to workspaces."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy

OPEN_ONLY = text("accepted_at IS NULL")


class InvitationStatus(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    EXPIRED = "EXPIRED"


class Invitation(Created, Base):
    """Somebody who may become a member. An address has one that is not accepted; inviting it again renews that.

    Whether it has expired is asked when somebody wants to know, so that a clock which jumps does no lasting harm.
    """

    __tablename__ = "invitations"
    tenancy = Tenancy.OWN
    __table_args__ = (
        Index("uq_invitations_open", "workspace_id", "email", unique=True, postgresql_where=OPEN_ONLY,
              sqlite_where=OPEN_ONLY),
        Index("ix_invitations_email", "email"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    email: Mapped[str]
    role: Mapped[str]
    token_digest: Mapped[str] = mapped_column(unique=True)
    invited_by: Mapped[str] = mapped_column(Id)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None] = mapped_column(Id)

    @property
    def status(self) -> InvitationStatus:
        """As of this moment."""
        if self.accepted_at is not None:
            return InvitationStatus.ACCEPTED
        return InvitationStatus.PENDING if self.expires_at > utc_now() else InvitationStatus.EXPIRED
