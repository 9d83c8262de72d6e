"""Access tokens: JWT, HS256, bound to a login row so that logging out takes them back (RFC 7519, RFC 8725)."""

from dataclasses import dataclass
from datetime import timedelta

import jwt

from core.clock import utc_now
from core.crypto import Keyring
from core.errors import Unauthenticated

ISSUER = "insydr"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    user_id: str
    login_id: str


class TokenMint:
    """Signs and checks; `minutes` is the life of a token."""

    def __init__(self, keys: Keyring, minutes: int) -> None:
        self._key = keys.derive("access-token")
        self._life = timedelta(minutes=minutes)

    def issue(self, user_id: str, login_id: str) -> str:
        now = utc_now()
        claims = {"iss": ISSUER, "sub": user_id, "sid": login_id, "iat": now, "exp": now + self._life}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, token: str) -> AccessClaims:
        """Raises `Unauthenticated` for expired, tampered or foreign tokens."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                issuer=ISSUER,
                options={"require": ["exp", "sub", "sid"]},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The access token has expired. Log in again.", code="TOKEN_EXPIRED") from None
        except jwt.InvalidTokenError:
            raise Unauthenticated("The access token is not valid. Log in again.", code="INVALID_TOKEN") from None
        return AccessClaims(str(claims["sub"]), str(claims["sid"]))
