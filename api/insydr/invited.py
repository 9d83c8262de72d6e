"""CONTRACT, Insydr row 2: invitations, as those see them who are invited."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.fields import IdText, Input, Limit, Offset, Text
from api.insydr.surface import INSYDR
from api.principal import CurrentUser, From
from api.state import State
from core.errors import InvalidInput
from domain.members.invitations import Claim, InvitedService
from domain.members.repository import Invited
from domain.principal import Role

router = INSYDR.router("/api/v1/auth/invitations", tag="Account")


class AcceptIn(Input):
    """One of the two."""

    token: Text | None = Field(None, max_length=200, description="The code of the mail.")
    invitation_id: IdText | None = Field(None, description="As your own list of invitations has it.")


class InvitedOut(BaseModel):
    id: str
    workspace_id: str
    workspace_name: str
    role: Role
    invited_by: str = Field(description="Their address.")
    created_at: datetime
    expires_at: datetime


class InvitedList(BaseModel):
    invitations: list[InvitedOut]
    total: int


class AcceptedOut(BaseModel):
    message: str
    workspace_id: str
    workspace_name: str
    role: Role


@router.get("")
def page(user: CurrentUser, state: State, limit: Limit = 50, offset: Offset = 0) -> InvitedList:
    with state.database.read() as session:
        rows, total = InvitedService(session, user, state.keys).page(limit, offset)
    return InvitedList(invitations=[_out(row) for row in rows], total=total)


@router.post("/accept")
def accept(body: AcceptIn, user: CurrentUser, origin: From, state: State) -> AcceptedOut:
    if (body.token is None) == (body.invitation_id is None):
        raise InvalidInput("Send either token or invitation_id.", field="token")
    with state.database.write() as session:
        claim = Claim(body.token, body.invitation_id)
        found = InvitedService(session, user, state.keys).accept(claim, origin)
    return AcceptedOut(
        message="You are a member now", workspace_id=found.workspace.id, workspace_name=found.workspace.name,
        role=Role(found.invitation.role),
    )  # fmt: skip


def _out(found: Invited) -> InvitedOut:
    row = found.invitation
    return InvitedOut(
        id=row.id, workspace_id=row.workspace_id, workspace_name=found.workspace.name, role=Role(row.role),
        invited_by=found.inviter.email, created_at=row.created_at, expires_at=row.expires_at,
    )  # fmt: skip
