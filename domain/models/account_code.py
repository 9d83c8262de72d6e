"""Codes by mail for accounts that exist: to choose a new password, or to prove a new address."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class CodePurpose(StrEnum):
    PASSWORD = "PASSWORD"
    EMAIL = "EMAIL"


class AccountCode(Created, Base):
    """One code, as a digest; `email` is the address that it was mailed to."""

    __tablename__ = "account_codes"
    tenancy = Tenancy.NONE
    transient = True

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    email: Mapped[str]
    digest: Mapped[str]
    expires_at: Mapped[datetime]
