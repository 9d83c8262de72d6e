"""People."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class User(Created, Base):
    """Somebody who can log in; before their address is verified they are a `SignUp`. `email` is in lower case."""

    __tablename__ = "users"
    tenancy = Tenancy.NONE

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    password_hash: Mapped[str]
    verified_at: Mapped[datetime | None]
