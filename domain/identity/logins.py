"""Logins: what begins with a password or a code, is renewed, and can be ended from elsewhere."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.crypto import Keyring, new_token
from core.ids import Prefix, new_id
from domain.identity.repository import IdentityRepository
from domain.identity.tokens import AccessClaims, TokenMint
from domain.models import Login, User
from domain.origin import Origin

LONGEST_AGENT = 300


@dataclass(frozen=True, slots=True)
class Tokens:
    user: User
    access: str
    refresh: str


class Logins:
    """A login lives for `refresh_days` after its tokens were renewed last."""

    def __init__(self, keys: Keyring, mint: TokenMint, refresh_days: int) -> None:
        self._keys, self._mint, self._life = keys, mint, timedelta(days=refresh_days)

    def begin(self, session: Session, user: User, origin: Origin) -> Tokens:
        IdentityRepository(session).forget_expired()
        login = Login(id=new_id(Prefix.SESSION), user_id=user.id)
        session.add(login)
        return self._tokens(user, login, origin)

    def renew(self, session: Session, refresh_token: str, origin: Origin) -> Tokens | None:
        """New tokens for a refresh token, which works once; None where it does not."""
        users = IdentityRepository(session)
        login = users.login_by_refresh(self._keys.digest("refresh", refresh_token))
        user = users.user(login.user_id) if login else None
        if login is None or user is None:
            return None
        login.renewed_at = utc_now()
        return self._tokens(user, login, origin)

    def claims(self, token: str) -> AccessClaims:
        """Raises `Unauthenticated` for a token that is not ours, or has expired."""
        return self._mint.read(token)

    def _tokens(self, user: User, login: Login, origin: Origin) -> Tokens:
        refresh = new_token("rt_")
        login.refresh_digest = self._keys.digest("refresh", refresh)
        login.expires_at = utc_now() + self._life
        login.address, login.user_agent = origin.address, (origin.user_agent or "")[:LONGEST_AGENT] or None
        return Tokens(user, self._mint.issue(user.id, login.id), refresh)
