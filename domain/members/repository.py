"""Queries of members and invitations."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.models import ApiKey, Invitation, InvitationStatus, Member, User, Workspace
from domain.principal import Role
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class MemberRow:
    member: Member
    user: User


class MemberRepository(TenantRepository):
    def page(self, limit: int, offset: int) -> tuple[list[MemberRow], int]:
        """In the order in which they joined."""
        ours = mine(Member, self.who)
        total = self.session.scalar(select(func.count()).select_from(Member).where(ours)) or 0
        rows = self._with_user().order_by(Member.created_at, Member.user_id).limit(limit).offset(offset)
        return [MemberRow(*row) for row in self.session.execute(rows)], total

    def get(self, user_id: str) -> MemberRow | None:
        row = self.session.execute(self._with_user().where(Member.user_id == user_id)).one_or_none()
        return None if row is None else MemberRow(*row)

    def by_email(self, email: str) -> Member | None:
        joined = self.select(Member).join(User, User.id == Member.user_id)
        return self.session.scalar(joined.where(User.email == email))

    def other_owner(self, user_id: str) -> str | None:
        """The owner who joined first, beside that one."""
        others = select(Member.user_id).where(
            mine(Member, self.who), Member.role == Role.OWNER, Member.user_id != user_id
        )
        return self.session.scalar(others.order_by(Member.created_at, Member.user_id).limit(1))

    def revoke_keys(self, user_id: str) -> None:
        """The secret keys that speak for that member; what stands in web pages goes on."""
        theirs = update(ApiKey).where(
            mine(ApiKey, self.who), ApiKey.created_by == user_id, ApiKey.kind == "secret", ApiKey.revoked_at.is_(None)
        )
        self.session.execute(theirs.values(revoked_at=utc_now()))

    def withdraw(self, invited_by: str, roles: Collection[Role]) -> None:
        """The open invitations of that member to `roles`."""
        self.session.execute(
            delete(Invitation).where(
                mine(Invitation, self.who), Invitation.invited_by == invited_by, Invitation.role.in_(roles),
                Invitation.accepted_at.is_(None),
            )
        )  # fmt: skip

    def _with_user(self) -> Select[Member, User]:
        return select(Member, User).join(User, User.id == Member.user_id).where(mine(Member, self.who))


class InvitationRepository(TenantRepository):
    def page(self, status: InvitationStatus | None, limit: int, offset: int) -> tuple[list[Invitation], int]:
        """The newest first."""
        wanted = self.select(Invitation)
        if status is InvitationStatus.ACCEPTED:
            wanted = wanted.where(Invitation.accepted_at.is_not(None))
        elif status is not None:
            is_pending = status is InvitationStatus.PENDING
            now = utc_now()
            lives = Invitation.expires_at > now if is_pending else Invitation.expires_at <= now
            wanted = wanted.where(Invitation.accepted_at.is_(None), lives)
        total = self.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        rows = self.session.scalars(wanted.order_by(Invitation.id.desc()).limit(limit).offset(offset))
        return list(rows), total

    def get(self, invitation_id: str) -> Invitation | None:
        return self.session.scalar(self.select(Invitation).where(Invitation.id == invitation_id))

    def open_to(self, email: str) -> Invitation | None:
        """The one that is not accepted, whether it has expired or not."""
        return self.session.scalar(
            self.select(Invitation).where(Invitation.email == email, Invitation.accepted_at.is_(None))
        )


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation as whom it is for sees it."""

    invitation: Invitation
    workspace: Workspace
    inviter: User


class InvitedRepository:
    """Invitations by whom they are for, who is in no workspace yet: the address finds them, or the token."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def page(self, email: str, limit: int, offset: int) -> tuple[list[Invited], int]:
        """Those that may be accepted now, the newest first."""
        open_ = (Invitation.email == email, Invitation.accepted_at.is_(None), Invitation.expires_at > utc_now())
        total = self.session.scalar(select(func.count()).select_from(self._seen().where(*open_).subquery())) or 0
        rows = self._seen().where(*open_).order_by(Invitation.id.desc()).limit(limit).offset(offset)
        return [Invited(*row) for row in self.session.execute(rows)], total

    def by_token(self, digest: str) -> Invited | None:
        return self._one(Invitation.token_digest == digest)

    def by_id(self, invitation_id: str, email: str) -> Invited | None:
        return self._one(Invitation.id == invitation_id, Invitation.email == email)

    def take(self, invitation_id: str, user_id: str) -> bool:
        """Whether it was open: of two that accept it at once only one does."""
        taken = update(Invitation).where(Invitation.id == invitation_id, Invitation.accepted_at.is_(None))
        marked = taken.values(accepted_at=utc_now(), accepted_by=user_id).returning(Invitation.id)
        return self.session.scalar(marked) is not None

    def is_member(self, workspace_id: str, user_id: str) -> bool:
        return self.session.get(Member, (workspace_id, user_id)) is not None

    def _one(self, *which: ColumnElement[bool]) -> Invited | None:
        row = self.session.execute(self._seen().where(*which)).one_or_none()
        return None if row is None else Invited(*row)

    def _seen(self) -> Select[Invitation, Workspace, User]:
        """Of workspaces that are not deleted."""
        seen = select(Invitation, Workspace, User).join(Workspace, Workspace.id == Invitation.workspace_id)
        return seen.join(User, User.id == Invitation.invited_by).where(Workspace.deleted_at.is_(None))
