"""Queries of users, sign-ups and logins. These are nobody's tenant."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.models import Login, SignUp, User


class IdentityRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def by_email(self, email: str) -> User | None:
        return self.session.scalar(select(User).where(User.email == email))

    def user(self, user_id: str) -> User | None:
        return self.session.get(User, user_id)

    def sign_ups(self, email: str, life: timedelta, limit: int) -> Sequence[SignUp]:
        """Those that wait for their code, the newest first."""
        mine = select(SignUp).where(SignUp.email == email, SignUp.created_at > utc_now() - life)
        return self.session.scalars(mine.order_by(SignUp.id.desc()).limit(limit)).all()

    def take_sign_up(self, sign_up_id: str) -> bool:
        """Whether it was there: of two that redeem it at once only one takes it."""
        taken = delete(SignUp).where(SignUp.id == sign_up_id).returning(SignUp.id)
        return self.session.scalar(taken) is not None

    def forget_sign_ups(self, email: str) -> None:
        self.session.execute(delete(SignUp).where(SignUp.email == email))

    def forget_old_sign_ups(self, life: timedelta) -> None:
        self.session.execute(delete(SignUp).where(SignUp.created_at <= utc_now() - life))

    def by_login(self, login_id: str, user_id: str) -> User | None:
        """The user, if this login still holds."""
        query = select(User).join(Login, Login.user_id == User.id)
        return self.session.scalar(
            query.where(Login.id == login_id, Login.user_id == user_id, Login.expires_at > utc_now())
        )

    def login_by_refresh(self, digest: str) -> Login | None:
        return self.session.scalar(select(Login).where(Login.refresh_digest == digest, Login.expires_at > utc_now()))

    def end_login(self, login_id: str) -> None:
        self.session.execute(delete(Login).where(Login.id == login_id))

    def end_all_logins(self, user_id: str) -> None:
        self.session.execute(delete(Login).where(Login.user_id == user_id))

    def forget_expired(self) -> None:
        self.session.execute(delete(Login).where(Login.expires_at <= utc_now()))
