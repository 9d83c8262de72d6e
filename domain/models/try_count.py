"""How often something that may be guessed was tried."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Tenancy


class TryCount(Base):
    """`scope` is a digest of what is counted (an account, a client's address, …); it counts anew after `ends_at`."""

    __tablename__ = "try_counts"
    tenancy = Tenancy.NONE
    transient = True

    scope: Mapped[str] = mapped_column(primary_key=True)
    tries: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)
