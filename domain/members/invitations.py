"""Invitations: made, renewed and withdrawn by members; accepted by whoever the address belongs to."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.crypto import Keyring, new_token
from core.database import Database
from core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from core.ids import Prefix, new_id
from core.mail import Mailer
from domain.audit.actions import Action, TargetType
from domain.audit.recording import Target, audit, created, done
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.identity.addresses import normal_email
from domain.identity.tries import Bound, Bounds, Tries
from domain.members.mail import invitation_mail
from domain.members.repository import InvitationRepository, Invited, InvitedRepository, MemberRepository
from domain.members.service import held
from domain.models import Invitation, InvitationStatus, Member, User
from domain.origin import Origin
from domain.principal import ROLE_PERMISSIONS, Permission, Principal, Role
from domain.workspaces.repository import WorkspaceRepository

LIFE = timedelta(days=7)
_DAY = timedelta(days=1)


def invitation_bounds(workspace_id: str, email: str) -> Bounds:
    """Nobody's inbox is flooded, by one workspace or by many."""
    return Bounds("RATE_LIMITED", "This address was invited several times today. Try again tomorrow.", (
        Bound(("invite", "workspace", workspace_id), 200, _DAY,
              message="This workspace sent very many invitations today. Try again tomorrow."),
        Bound(("invite", "address", workspace_id, email), 10, _DAY), Bound(("invite", "anyone", email), 30, _DAY),
    ))  # fmt: skip


class InvitationService:
    """The members' side."""

    def __init__(
        self, database: Database, keys: Keyring, mailer: Mailer, who: Principal, public_url: str | None
    ) -> None:
        self._database, self._keys, self._mailer, self._who = database, keys, mailer, who
        self._public_url = public_url

    def page(self, status: InvitationStatus | None, limit: int, offset: int) -> tuple[list[Invitation], int]:
        self._who.require(Permission.MEMBERS_MANAGE)
        with self._database.read() as session:
            return InvitationRepository(session, self._who).page(status, limit, offset)

    def invite(self, email: str, role: Role) -> Invitation:
        """Mail an invitation. An address that waits for one is invited anew: to `role`, by a new code, for as long.

        Raises `Conflict` for a member, `Unavailable` where no mail can be sent: then nothing was changed.
        """
        email = normal_email(email)
        self._who.require(Permission.MEMBERS_MANAGE)
        self._who.require_all_of(role)
        Tries(self._database, self._keys).take(invitation_bounds(self._who.workspace_id, email))
        token = new_token("inv_")
        with self._database.write() as session:
            workspace = held(session, self._who)
            row = self._renewed(session, email, role, token)
            mail = invitation_mail(workspace, session.get_one(User, self._who.user_id), row, token, self._public_url)
        try:
            self._mailer.send(email, mail.subject, mail.text)
        except Unavailable:
            with self._database.write() as session:
                made = InvitationRepository(session, self._who).get(row.id)
                if made is not None and made.accepted_at is None:
                    self._remove(session, made)
            raise
        return row

    def withdraw(self, invitation_id: str) -> None:
        """One that nobody has accepted yet."""
        self._who.require(Permission.MEMBERS_MANAGE)
        with self._database.write() as session:
            held(session, self._who)
            row = InvitationRepository(session, self._who).get(invitation_id)
            if row is None:
                raise not_found()
            if row.accepted_at is not None:
                raise Conflict("This invitation was accepted: remove the member instead.", code="INVITATION_USED")
            self._who.require_all_of(Role(row.role))
            self._remove(session, row)

    def _remove(self, session: Session, row: Invitation) -> None:
        done(session, self._who, Action.INVITATION_WITHDRAWN, row)
        session.delete(row)

    def _renewed(self, session: Session, email: str, role: Role, token: str) -> Invitation:
        if MemberRepository(session, self._who).by_email(email) is not None:
            raise Conflict("This address belongs to a member already.", code="ALREADY_MEMBER", field="email")
        row = InvitationRepository(session, self._who).open_to(email)
        if row is None:
            row = Invitation(id=new_id(Prefix.INVITATION), workspace_id=self._who.workspace_id, email=email)
            session.add(row)
        else:
            self._who.require_all_of(Role(row.role))
        row.role, row.invited_by = role, self._who.user_id
        row.token_digest, row.expires_at = _digest(self._keys, token), utc_now() + LIFE
        created(session, self._who, Action.INVITATION_CREATED, row)
        return row


@dataclass(frozen=True, slots=True)
class Claim:
    """Which invitation: by the code of its mail, or by its id, which only its address can see."""

    token: str | None = None
    invitation_id: str | None = None


class InvitedService:
    """The side of whom they are for: a person whose address is verified."""

    def __init__(self, session: Session, user: User, keys: Keyring) -> None:
        self._session, self._user, self._keys = session, user, keys
        self._invited = InvitedRepository(session)

    def page(self, limit: int, offset: int) -> tuple[list[Invited], int]:
        return self._invited.page(self._user.email, limit, offset)

    def accept(self, claim: Claim, origin: Origin) -> Invited:
        """Become a member. Raises `Forbidden` for another address's, `Conflict` for one that was used, `InvalidInput`
        for one that has expired, `NotFound` for one that was withdrawn or never made."""
        found = self._claimed(claim)
        row = found.invitation
        if row.email != self._user.email:
            raise Forbidden(
                "This invitation is for another e-mail address. Log in with that one.",
                code="INVITATION_FOR_ANOTHER_ADDRESS",
            )
        WorkspaceRepository(self._session).lock(row.workspace_id)
        if self._invited.is_member(row.workspace_id, self._user.id):
            raise Conflict("You are a member of this workspace already.", code="ALREADY_MEMBER")
        if row.status is InvitationStatus.EXPIRED:
            raise InvalidInput("This invitation has expired. Ask for a new one.", code="INVITATION_EXPIRED")
        if row.status is InvitationStatus.ACCEPTED or not self._invited.take(row.id, self._user.id):
            raise Conflict("This invitation was used already. Ask for a new one.", code="INVITATION_USED")
        self._session.add(Member(workspace_id=row.workspace_id, user_id=self._user.id, role=row.role))
        data = {"user_id": self._user.id, "role": row.role}
        record(self._session, Event(EventType.MEMBER_JOINED, row.workspace_id, data))
        who = Principal(row.workspace_id, self._user.id, ROLE_PERMISSIONS[Role(row.role)], origin=origin)
        target = Target(TargetType.MEMBER, self._user.id, self._user.email)
        told = {"role": row.role, "invitation_id": row.id, "invited_by": row.invited_by}
        audit(self._session, who, Action.MEMBER_JOINED, target, None, told)
        return found

    def _claimed(self, claim: Claim) -> Invited:
        if claim.token is not None:
            found = self._invited.by_token(_digest(self._keys, claim.token))
        else:
            found = self._invited.by_id(claim.invitation_id or "", self._user.email)
        if found is None:
            raise not_found()
        return found


def not_found() -> NotFound:
    return NotFound("There is no such invitation. It may have been withdrawn.", code="INVITATION_NOT_FOUND")


def _digest(keys: Keyring, token: str) -> str:
    return keys.digest("invitation", token)
