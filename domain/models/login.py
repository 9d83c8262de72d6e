"""Logins: what an access token refers to, so that it can be taken back."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class Login(Created, Base):
    """One login on one device; its refresh token is stored as a digest and changes at each use.

    `address` and `user_agent` are where it was used last: when it began, or when its tokens were renewed.
    """

    __tablename__ = "logins"
    tenancy = Tenancy.NONE

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    refresh_digest: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    renewed_at: Mapped[datetime | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
