"""Collections: sets of documents that agents answer from."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class Collection(Created, Base):
    __tablename__ = "collections"
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    description: Mapped[str | None]
    deleted_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1)

    # two editors with the same ETag: the slower one's UPDATE finds no row (RFC 9110 §13.1.1)
    __mapper_args__ = {"version_id_col": revision, "version_id_generator": False}
