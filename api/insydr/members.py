"""CONTRACT, Insydr row 2: the members of a workspace, invitations to it, and who owns it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, EmailStr, Field

from api.fields import FromText, IdText, Input, Limit, MessageOut, Offset, Output
from api.insydr.surface import INSYDR
from api.insydr.workspaces import WorkspaceOut
from api.principal import Who
from api.state import ApiState, State
from domain.members.invitations import InvitationService
from domain.members.repository import MemberRow
from domain.members.service import MemberService
from domain.models import InvitationStatus
from domain.principal import Principal, Role

router = INSYDR.router("/api/v1/workspaces/{workspace_id}", tag="Members")
ME = "me"  # in place of one's own id
RoleIn = Annotated[Role, FromText]


class RolePatch(Input):
    role: RoleIn


class TransferIn(Input):
    user_id: IdText = Field(description="The member who owns the workspace from now on; you stay as an admin.")


class InvitationIn(Input):
    email: Annotated[EmailStr, Field(max_length=320)]
    role: RoleIn


class MemberOut(BaseModel):
    user_id: str
    email: str
    full_name: str
    role: Role
    joined_at: datetime


class MemberList(BaseModel):
    members: list[MemberOut]
    total: int


class InvitationOut(Output):
    id: str
    email: str
    role: Role
    status: InvitationStatus
    invited_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    accepted_by: str | None


class InvitationList(BaseModel):
    invitations: list[InvitationOut]
    total: int


def _member_out(row: MemberRow) -> MemberOut:
    member, user = row.member, row.user
    return MemberOut(
        user_id=user.id, email=user.email, full_name=user.full_name, role=Role(member.role), joined_at=member.created_at
    )


def _id(user_id: str, who: Principal) -> str:
    return who.user_id if user_id == ME else user_id


def _invitations(state: ApiState, who: Principal) -> InvitationService:
    return InvitationService(state.database, state.keys, state.mailer, who, state.settings.public_url)


@router.get("/members")
def page(who: Who, state: State, limit: Limit = 50, offset: Offset = 0) -> MemberList:
    with state.database.read() as session:
        rows, total = MemberService(session, who).page(limit, offset)
    return MemberList(members=[_member_out(row) for row in rows], total=total)


@router.get("/members/{user_id}")
def get(user_id: str, who: Who, state: State) -> MemberOut:
    with state.database.read() as session:
        return _member_out(MemberService(session, who).get(_id(user_id, who)))


@router.patch("/members/{user_id}")
def change_role(user_id: str, body: RolePatch, who: Who, state: State) -> MemberOut:
    with state.database.write() as session:
        row = MemberService(session, who).change_role(_id(user_id, who), body.role)
    return _member_out(row)


@router.delete("/members/{user_id}")
def remove(user_id: str, who: Who, state: State) -> MessageOut:
    """`me`, or one's own id, leaves."""
    with state.database.write() as session:
        members = MemberService(session, who)
        if _id(user_id, who) == who.user_id:
            members.leave()
            return MessageOut(message="You have left the workspace")
        members.remove(user_id)
    return MessageOut(message="The member was removed")


@router.post("/transfer-ownership")
def transfer(body: TransferIn, who: Who, state: State) -> WorkspaceOut:
    with state.database.write() as session:
        workspace = MemberService(session, who).transfer(body.user_id)
    return WorkspaceOut.model_validate(workspace)


@router.post("/invitations", status_code=201)
def invite(body: InvitationIn, who: Who, state: State) -> InvitationOut:
    return InvitationOut.model_validate(_invitations(state, who).invite(body.email, body.role))


@router.get("/invitations")
def invitations(
    who: Who, state: State, status: InvitationStatus | None = None, limit: Limit = 50, offset: Offset = 0
) -> InvitationList:
    rows, total = _invitations(state, who).page(status, limit, offset)
    return InvitationList(invitations=[InvitationOut.model_validate(row) for row in rows], total=total)


@router.delete("/invitations/{invitation_id}")
def withdraw(invitation_id: str, who: Who, state: State) -> MessageOut:
    _invitations(state, who).withdraw(invitation_id)
    return MessageOut(message="The invitation was withdrawn")
