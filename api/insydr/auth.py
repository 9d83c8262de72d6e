"""CONTRACT, Insydr row 1: accounts and logins."""

from datetime import datetime

from fastapi import BackgroundTasks, Response
from pydantic import BaseModel, EmailStr, Field

from api.fields import Input, MessageOut, Name, Text
from api.insydr.surface import INSYDR
from api.pools import in_pool
from api.principal import Client, CurrentUser, From, Token
from api.state import State
from domain.identity import otp
from domain.identity.logins import Tokens
from domain.models import User

router = INSYDR.router("/api/v1/auth", tag="Authentication")


class SignUpIn(Input):
    email: EmailStr
    password: Text
    full_name: Name


class SignUpOut(BaseModel):
    message: str
    email: str
    expires_in_minutes: int


class LoginIn(Input):
    email: Text = Field(max_length=320)
    password: Text = Field(max_length=256)


class VerifyIn(Input):
    email: Text = Field(max_length=320)
    otp_code: Text = Field(max_length=16)


class ResendIn(Input):
    email: Text = Field(max_length=320)


class RefreshIn(Input):
    refresh_token: Text = Field(max_length=200)


class UserOut(BaseModel):
    id: str
    email: str
    full_name: str
    email_verified: bool
    created_at: datetime


class TokensOut(BaseModel):
    access_token: str
    token_type: str = "bearer"
    refresh_token: str
    expires_in: int = Field(description="Seconds until the access token ends.")
    user: UserOut


@router.post("/signup", status_code=201)
@in_pool(lambda pools: pools.accounts)
def sign_up(body: SignUpIn, client: Client, state: State) -> SignUpOut:
    email = state.identity.sign_up(body.email, body.password, body.full_name, client)
    return SignUpOut(
        message="Account created. Verify email with OTP.", email=email, expires_in_minutes=otp.LIFE_MINUTES
    )


@router.post("/verify-otp")
def verify_otp(body: VerifyIn, origin: From, state: State) -> TokensOut:
    return tokens_out(state.identity.verify(body.email, body.otp_code.strip(), origin), state)


@router.post("/resend-otp")
def resend_otp(body: ResendIn, client: Client, later: BackgroundTasks, state: State) -> MessageOut:
    state.identity.check_mail(body.email, client)
    later.add_task(state.identity.resend, body.email)
    return MessageOut(message="If the address waits for verification, a new code is on its way.")


@router.post("/login")
@in_pool(lambda pools: pools.accounts)
def log_in(body: LoginIn, origin: From, state: State) -> TokensOut:
    return tokens_out(state.identity.log_in(body.email, body.password, origin), state)


@router.post("/refresh")
def refresh(body: RefreshIn, origin: From, state: State) -> TokensOut:
    return tokens_out(state.identity.refresh(body.refresh_token, origin), state)


@router.post("/logout", status_code=204, response_class=Response)
def log_out(token: Token, state: State) -> None:
    state.identity.authenticate(token)
    state.identity.log_out(state.identity.claims(token))


@router.get("/me")
def me(user: CurrentUser) -> UserOut:
    return user_out(user)


def user_out(user: User) -> UserOut:
    return UserOut(
        id=user.id,
        email=user.email,
        full_name=user.full_name,
        email_verified=user.verified_at is not None,
        created_at=user.created_at,
    )


def tokens_out(tokens: Tokens, state: State) -> TokensOut:
    seconds = state.settings.access_token_minutes * 60
    return TokensOut(
        access_token=tokens.access, refresh_token=tokens.refresh, expires_in=seconds, user=user_out(tokens.user)
    )
