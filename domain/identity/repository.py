"""Queries of users, sign-ups and logins. These are nobody's tenant."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.models import AccountCode, CodePurpose, Login, Member, SignUp, User, Workspace


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

    def logins(self, user_id: str, limit: int, offset: int) -> tuple[Sequence[Login], int]:
        """Those that hold, the one that was used latest first; and how many there are."""
        theirs = (Login.user_id == user_id, Login.expires_at > utc_now())
        total = self.session.scalar(select(func.count()).select_from(Login).where(*theirs)) or 0
        latest = func.coalesce(Login.renewed_at, Login.created_at).desc()
        page = select(Login).where(*theirs).order_by(latest, Login.id.desc()).limit(limit).offset(offset)
        return self.session.scalars(page).all(), total

    def end_login(self, login_id: str, user_id: str) -> bool:
        """Whether there was one."""
        ended = delete(Login).where(Login.id == login_id, Login.user_id == user_id).returning(Login.id)
        return self.session.scalar(ended) is not None

    def end_logins(self, user_id: str, but: str | None = None) -> int:
        """All of the user's, but that one; how many."""
        theirs = delete(Login).where(Login.user_id == user_id)
        if but is not None:
            theirs = theirs.where(Login.id != but)
        return len(self.session.scalars(theirs.returning(Login.id)).all())

    def workspaces(self, user_id: str) -> Sequence[str]:
        """Ids of those that they belong to and that are not deleted."""
        theirs = select(Member.workspace_id).join(Workspace, Workspace.id == Member.workspace_id)
        return self.session.scalars(theirs.where(Member.user_id == user_id, Workspace.deleted_at.is_(None))).all()

    def codes(self, user_id: str, purpose: CodePurpose) -> Sequence[AccountCode]:
        """The newest first, also those that have expired."""
        theirs = select(AccountCode).where(AccountCode.user_id == user_id, AccountCode.purpose == purpose)
        return self.session.scalars(theirs.order_by(AccountCode.id.desc())).all()

    def forget_codes(self, user_id: str) -> None:
        self.session.execute(delete(AccountCode).where(AccountCode.user_id == user_id))

    def forget_expired_codes(self) -> None:
        self.session.execute(delete(AccountCode).where(AccountCode.expires_at <= utc_now() - timedelta(days=1)))

    def forget_expired(self) -> None:
        self.session.execute(delete(Login).where(Login.expires_at <= utc_now()))
