"""Ours beside CONTRACT, Insydr row 1: a person's own account: password, address, name, sessions."""

from datetime import datetime

from fastapi import BackgroundTasks
from pydantic import BaseModel, EmailStr, Field

from api.fields import Input, Limit, MessageOut, Name, Offset, Output, Text
from api.insydr.auth import TokensOut, UserOut, tokens_out, user_out
from api.insydr.surface import INSYDR
from api.pools import in_pool
from api.principal import Client, CurrentUser, From, Token
from api.state import ApiState, State
from domain.identity import otp
from domain.identity.accounts import AccountService

router = INSYDR.router("/api/v1/auth", tag="Account")


class ForgotIn(Input):
    email: Text = Field(max_length=320)


class ResetIn(Input):
    email: Text = Field(max_length=320)
    otp_code: Text = Field(max_length=16)
    new_password: Text


class PasswordIn(Input):
    current_password: Text = Field(max_length=256)
    new_password: Text


class EmailIn(Input):
    email: EmailStr
    password: Text = Field(max_length=256, description="The account's, as it is.")


class CodeIn(Input):
    otp_code: Text = Field(max_length=16)


class UserPatch(Input):
    full_name: Name


class EmailOut(BaseModel):
    message: str
    email: str
    expires_in_minutes: int


class EndedOut(BaseModel):
    message: str
    ended_sessions: int = Field(description="How many others there were.")


class SessionOut(Output):
    id: str
    created_at: datetime
    last_renewed_at: datetime | None = Field(validation_alias="renewed_at", description="Null: never yet.")
    expires_at: datetime
    address: str | None = Field(description="Where it was begun or renewed from.")
    user_agent: str | None
    is_current: bool = False


class SessionList(BaseModel):
    sessions: list[SessionOut]
    total: int


def _accounts(state: ApiState) -> AccountService:
    return AccountService(state.database, state.keys, state.mailer, state.logins)


@router.post("/forgot-password")
def forgot_password(body: ForgotIn, client: Client, later: BackgroundTasks, state: State) -> MessageOut:
    state.identity.check_mail(body.email, client)
    later.add_task(_accounts(state).send_reset, body.email)
    return MessageOut(message="If the address has an account, a code is on its way.")


@router.post("/reset-password")
@in_pool(lambda pools: pools.accounts)
def reset_password(body: ResetIn, origin: From, state: State) -> TokensOut:
    tokens = _accounts(state).reset(body.email, body.otp_code.strip(), body.new_password, origin)
    return tokens_out(tokens, state)


@router.post("/change-password")
@in_pool(lambda pools: pools.accounts)
def change_password(body: PasswordIn, user: CurrentUser, token: Token, origin: From, state: State) -> EndedOut:
    login_id = state.logins.claims(token).login_id
    ended = _accounts(state).change_password(user, login_id, body.current_password, body.new_password, origin)
    return EndedOut(message="The password was changed. Every other session has ended.", ended_sessions=ended)


@router.post("/change-email")
@in_pool(lambda pools: pools.accounts)
def change_email(body: EmailIn, user: CurrentUser, origin: From, state: State) -> EmailOut:
    email = _accounts(state).ask_email(user, body.password, body.email, origin)
    message = "A code is on its way to the new address. Until it is confirmed nothing changes."
    return EmailOut(message=message, email=email, expires_in_minutes=otp.LIFE_MINUTES)


@router.post("/confirm-email")
def confirm_email(body: CodeIn, user: CurrentUser, origin: From, state: State) -> UserOut:
    return user_out(_accounts(state).confirm_email(user, body.otp_code.strip(), origin))


@router.patch("/me")
def rename(body: UserPatch, user: CurrentUser, state: State) -> UserOut:
    return user_out(_accounts(state).rename(user, body.full_name))


@router.get("/sessions")
def sessions(user: CurrentUser, token: Token, state: State, limit: Limit = 50, offset: Offset = 0) -> SessionList:
    rows, total = _accounts(state).sessions(user, limit, offset)
    current = state.logins.claims(token).login_id
    found = [SessionOut.model_validate(row).model_copy(update={"is_current": row.id == current}) for row in rows]
    return SessionList(sessions=found, total=total)


@router.delete("/sessions")
def end_other_sessions(user: CurrentUser, token: Token, state: State) -> EndedOut:
    ended = _accounts(state).end_others(user, state.logins.claims(token).login_id)
    return EndedOut(message="Every other session has ended.", ended_sessions=ended)


@router.delete("/sessions/{session_id}")
def end_session(session_id: str, user: CurrentUser, state: State) -> MessageOut:
    _accounts(state).end_session(user, session_id)
    return MessageOut(message="The session has ended")
