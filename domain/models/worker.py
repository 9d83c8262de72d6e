"""Workers: which processes run jobs, and when each was last heard of."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Tenancy


class WorkerRow(Base):
    """A process that runs jobs; `threads` is how many claimed batches it takes at once."""

    __tablename__ = "workers"
    tenancy = Tenancy.NONE
    transient = True

    holder: Mapped[str] = mapped_column(Id, primary_key=True)
    threads: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
