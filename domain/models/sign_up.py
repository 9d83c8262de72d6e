"""Sign-ups that wait for their code."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class SignUp(Created, Base):
    """What one sign-up asked for, bound to its own code: an address that nobody has verified belongs to nobody, so
    several may wait for it, and the code decides whose password holds. `email` is in lower case."""

    __tablename__ = "sign_ups"
    tenancy = Tenancy.NONE
    transient = True

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(index=True)
    full_name: Mapped[str]
    password_hash: Mapped[str]
    code_digest: Mapped[str]
    code_expires_at: Mapped[datetime]
