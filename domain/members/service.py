"""Members: listed, their roles changed, removed; leaving, and handing a workspace on."""

from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, NotFound
from domain.audit.actions import Action, TargetType
from domain.audit.facts import Facts
from domain.audit.recording import Target, audit
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.members.repository import MemberRepository, MemberRow
from domain.models import Member, Workspace
from domain.principal import ROLE_PERMISSIONS, Permission, Principal, Role
from domain.workspaces.repository import WorkspaceRepository


class MemberService:
    """Every change holds the workspace, so that of two owners who leave at the same moment one stays."""

    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._members = MemberRepository(session, who)

    def page(self, limit: int, offset: int) -> tuple[list[MemberRow], int]:
        self._who.require(Permission.MEMBERS_READ)
        return self._members.page(limit, offset)

    def get(self, user_id: str) -> MemberRow:
        self._who.require(Permission.MEMBERS_READ)
        return self._existing(user_id)

    def change_role(self, user_id: str, role: Role) -> MemberRow:
        """Nobody gives, takes or gives up more than they may themselves; an owner stays."""
        self._who.require(Permission.MEMBERS_MANAGE)
        workspace = held(self._session, self._who)
        row = self._existing(user_id)
        before = Role(row.member.role)
        self._who.require_all_of(before)
        self._who.require_all_of(role)
        if before is Role.OWNER and role is not Role.OWNER:
            self._pass_on(workspace, user_id)
        self._set(row, role)
        return row

    def remove(self, user_id: str) -> None:
        """Somebody else; their secret keys end with it."""
        self._who.require(Permission.MEMBERS_MANAGE)
        workspace = held(self._session, self._who)
        row = self._existing(user_id)
        self._who.require_all_of(Role(row.member.role))
        self._end(workspace, row, Action.MEMBER_REMOVED)

    def leave(self) -> None:
        """Whoever asks, in whatever role; raises `Conflict` for the last owner."""
        if self._who.key_id is not None:
            raise Forbidden("A person leaves with their own access token, not with a key.", code="USER_REQUIRED")
        workspace = held(self._session, self._who)
        self._end(workspace, self._existing(self._who.user_id), Action.MEMBER_LEFT)

    def transfer(self, user_id: str) -> Workspace:
        """The caller's ownership passes to another member; the caller stays as an admin."""
        self._who.require(Permission.WORKSPACE_TRANSFER)
        workspace = held(self._session, self._who)
        heir = self._existing(user_id, "user_id")
        if user_id == self._who.user_id:
            raise Conflict("You own the workspace already. Name another member.", code="ALREADY_OWNER", field="user_id")
        self._set(heir, Role.OWNER)
        self._set(self._existing(self._who.user_id), Role.ADMIN)
        self._audit(Action.OWNERSHIP_TRANSFERRED, heir, {"owner_id": workspace.owner_id}, {"owner_id": user_id})
        workspace.owner_id = user_id
        workspace.revision += 1
        return workspace

    def _end(self, workspace: Workspace, row: MemberRow, action: Action) -> None:
        member = row.member
        if member.role == Role.OWNER:
            self._pass_on(workspace, member.user_id)
        self._members.revoke_keys(member.user_id)
        self._members.withdraw(member.user_id, tuple(Role))
        record(self._session, _event(EventType.MEMBER_LEFT, member))
        self._audit(action, row, {"role": member.role}, None)
        self._session.delete(member)

    def _set(self, row: MemberRow, role: Role) -> None:
        """Open invitations that they could not make any more are withdrawn."""
        member, before = row.member, Role(row.member.role)
        if before is role:
            return
        member.role = role
        beyond = [one for one in Role if not ROLE_PERMISSIONS[one] <= _may_grant(role)]
        self._members.withdraw(member.user_id, beyond)
        record(self._session, _event(EventType.MEMBER_ROLE_CHANGED, member, previous_role=before))
        self._audit(Action.MEMBER_ROLE_CHANGED, row, {"role": before.value}, {"role": role.value})

    def _audit(self, action: Action, row: MemberRow, before: Facts | None, after: Facts | None) -> None:
        target = Target(TargetType.MEMBER, row.user.id, row.user.email)
        audit(self._session, self._who, action, target, before, after)

    def _pass_on(self, workspace: Workspace, user_id: str) -> None:
        """Who owns it once that owner does not; raises `Conflict` where nobody would."""
        heir = self._members.other_owner(user_id)
        if heir is None:
            raise Conflict(
                "A workspace needs an owner, and this is the last one: transfer the ownership first.",
                code="LAST_OWNER",
            )
        if workspace.owner_id == user_id:
            workspace.owner_id = heir
            workspace.revision += 1

    def _existing(self, user_id: str, field: str | None = None) -> MemberRow:
        row = self._members.get(user_id)
        if row is None:
            raise NotFound("There is no such member in this workspace.", code="MEMBER_NOT_FOUND", field=field)
        return row


def held(session: Session, who: Principal) -> Workspace:
    """The workspace, held until the transaction ends; raises `Forbidden` where the caller lost meanwhile what they
    asked with: somebody who is being removed does not make an owner of a friend."""
    workspaces = WorkspaceRepository(session)
    workspaces.lock(who.workspace_id)
    workspace, role = workspaces.get(who.workspace_id), workspaces.role(who.workspace_id, who.user_id)
    if workspace is None:
        raise NotFound("There is no such workspace.", code="WORKSPACE_NOT_FOUND")
    if role is None or not who.permissions <= ROLE_PERMISSIONS[Role(role)]:
        raise Forbidden("Your role was changed a moment ago. Look at the workspace again.")
    return workspace


def _may_grant(role: Role) -> frozenset[Permission]:
    """What members of that role may give to others: all that they have, if anything."""
    allowed = ROLE_PERMISSIONS[role]
    return allowed if Permission.MEMBERS_MANAGE in allowed else frozenset()


def _event(kind: EventType, member: Member, **data: str) -> Event:
    return Event(kind, member.workspace_id, {"user_id": member.user_id, "role": member.role, **data})
