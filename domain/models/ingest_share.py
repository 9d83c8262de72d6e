"""Fair shares of ingestion: when each workspace was last served, so that the next free worker serves another one."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Tenancy


class IngestShare(Base):
    """One row a workspace that was ever served."""

    __tablename__ = "ingest_shares"
    tenancy = Tenancy.OWN
    transient = True

    workspace_id: Mapped[str] = mapped_column(Id, primary_key=True)
    served_at: Mapped[datetime]
