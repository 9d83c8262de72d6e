"""Answers kept for `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header)."""

from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Tenancy


class IdempotentReply(Created, Base):
    """`scope` is a digest of who asked and where; without `status` the first request still runs. `needs` are the
    permissions that the request turned out to need: who gets the reply again has them on that day too."""

    __tablename__ = "idempotent_replies"
    tenancy = Tenancy.NONE
    transient = True

    scope: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    needs: Mapped[list[Any] | None]
