"""Accounts: sign-up, verification, login, refresh, logout."""

from dataclasses import dataclass
from datetime import timedelta

from core.clock import utc_now
from core.crypto import Keyring, hash_password, new_token, verify_password
from core.database import Database
from core.errors import Conflict, Forbidden, InsydrError, InvalidInput, TooManyRequests, Unauthenticated
from core.ids import Prefix, new_id
from core.mail import Mailer
from domain.identity import otp
from domain.identity.repository import IdentityRepository
from domain.identity.tokens import AccessClaims, TokenMint
from domain.models import Login, User

MAX_FAILED_LOGINS = 10
LOCK_MINUTES = 5
MIN_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class Tokens:
    user: User
    access: str
    refresh: str


class IdentityService:
    def __init__(self, database: Database, keys: Keyring, mint: TokenMint, mailer: Mailer, refresh_days: int) -> None:
        self._database, self._keys, self._mint, self._mailer = database, keys, mint, mailer
        self._refresh_life = timedelta(days=refresh_days)

    def sign_up(self, email: str, password: str, full_name: str) -> str:
        """Create an unverified account and mail a code; the normal form of the address."""
        email = normal_email(email)
        hashed = hash_password(checked_password(password))
        with self._database.write() as session:
            users = IdentityRepository(session)
            user = users.by_email(email)
            if user is not None and user.verified_at is not None:
                raise Conflict(
                    "An account with this e-mail address exists. Log in instead.", code="EMAIL_TAKEN", field="email"
                )
            if user is not None:
                otp.check_resend(user)  # an address never verified belongs to nobody yet: the newest sign-up holds
                user.password_hash, user.full_name = hashed, full_name
            else:
                user = User(id=new_id(Prefix.USER), email=email, full_name=full_name, password_hash=hashed)
                session.add(user)
            code = otp.issue(user, self._keys)
        self._send_code(email, code)
        return email

    def resend(self, email: str) -> None:
        """Mail a new code. Silent about unknown addresses: it must not tell who has an account."""
        with self._database.write() as session:
            user = IdentityRepository(session).by_email(normal_email(email))
            if user is None or user.verified_at is not None:
                return
            otp.check_resend(user)
            code = otp.issue(user, self._keys)
        self._send_code(user.email, code)

    def verify(self, email: str, code: str) -> Tokens:
        """Redeem a code; logs in. The failed try is committed before the error is raised."""
        tokens: Tokens | None = None
        with self._database.write() as session:
            users = IdentityRepository(session)
            user = users.by_email(normal_email(email))
            error = otp.redeem(user, code, self._keys)
            if error is None and user is not None:
                tokens = self._log_in(users, user)
        if tokens is None:
            raise error or InvalidInput("The code is wrong or has expired.", code="INVALID_OTP")
        return tokens

    def log_in(self, email: str, password: str) -> Tokens:
        tokens: Tokens | None = None
        error: InsydrError | None = None
        with self._database.read() as session:
            known = IdentityRepository(session).by_email(normal_email(email))
        _check_lock(known)
        right = verify_password(password, known.password_hash if known else None)  # 60 ms, outside the writer lock
        with self._database.write() as session:
            users = IdentityRepository(session)
            user = users.by_email(normal_email(email))
            error = _judge(user, right)
            if error is None and user is not None:
                tokens = self._log_in(users, user)
        if tokens is None:
            raise error or Unauthenticated("E-mail address or password is wrong.")
        return tokens

    def refresh(self, refresh_token: str) -> Tokens:
        """New tokens for a refresh token, which works once."""
        with self._database.write() as session:
            users = IdentityRepository(session)
            login = users.login_by_refresh(self._keys.digest("refresh", refresh_token))
            user = users.user(login.user_id) if login else None
            if login is None or user is None:
                raise Unauthenticated("The refresh token is not valid. Log in again.", code="INVALID_TOKEN")
            return self._tokens(user, login)

    def log_out(self, claims: AccessClaims) -> None:
        with self._database.write() as session:
            IdentityRepository(session).end_login(claims.login_id)

    def claims(self, token: str) -> AccessClaims:
        return self._mint.read(token)

    def authenticate(self, token: str) -> User:
        """The user of an access token whose login still holds."""
        claims = self._mint.read(token)
        with self._database.read() as session:
            user = IdentityRepository(session).by_login(claims.login_id, claims.user_id)
        if user is None:
            raise Unauthenticated("This login has ended. Log in again.", code="INVALID_TOKEN")
        return user

    def find(self, email: str) -> User | None:
        with self._database.read() as session:
            return IdentityRepository(session).by_email(normal_email(email))

    def create_verified(self, email: str, password: str, full_name: str) -> tuple[User, bool]:
        """An operator's account, verified at once; an existing one gets the password. True when it is new."""
        email, hashed = normal_email(email), hash_password(checked_password(password))
        with self._database.write() as session:
            user = IdentityRepository(session).by_email(email)
            new = user is None
            if user is None:
                user = User(id=new_id(Prefix.USER), email=email, full_name=full_name, password_hash=hashed)
                session.add(user)
            else:
                IdentityRepository(session).end_all_logins(user.id)
            user.password_hash, user.verified_at = hashed, user.verified_at or utc_now()
            user.failed_logins, user.locked_until = 0, None
        return user, new

    def _log_in(self, users: IdentityRepository, user: User) -> Tokens:
        users.forget_expired()
        login = Login(id=new_id(Prefix.SESSION), user_id=user.id)
        users.session.add(login)
        user.failed_logins, user.locked_until = 0, None
        return self._tokens(user, login)

    def _tokens(self, user: User, login: Login) -> Tokens:
        refresh = new_token("rt_")
        login.refresh_digest = self._keys.digest("refresh", refresh)
        login.expires_at = utc_now() + self._refresh_life
        return Tokens(user, self._mint.issue(user.id, login.id), refresh)

    def _send_code(self, email: str, code: str) -> None:
        text = f"Your Insydr code is {code}. It works for {otp.LIFE_MINUTES} minutes.\n\n"
        text += "You did not sign up? Ignore this mail.\n"
        self._mailer.send(email, "Your Insydr code", text)


def normal_email(email: str) -> str:
    return email.strip().lower()


def checked_password(password: str) -> str:
    """NIST SP 800-63B: length, not composition; the upper bound keeps hashing cheap."""
    if not MIN_PASSWORD <= len(password) <= 256:
        raise InvalidInput(
            f"The password needs {MIN_PASSWORD} to 256 characters.", code="WEAK_PASSWORD", field="password"
        )
    return password


def _check_lock(user: User | None) -> None:
    if user is not None and user.locked_until is not None and user.locked_until > utc_now():
        wait = int((user.locked_until - utc_now()).total_seconds()) + 1
        raise TooManyRequests("Too many failed logins. Try again later.", retry_after_s=wait, code="LOGIN_LOCKED")


def _judge(user: User | None, right: bool) -> InsydrError | None:
    if user is None or not right:
        if user is not None:
            user.failed_logins += 1
            if user.failed_logins >= MAX_FAILED_LOGINS:
                user.failed_logins, user.locked_until = 0, utc_now() + timedelta(minutes=LOCK_MINUTES)
        return Unauthenticated("E-mail address or password is wrong.", code="INVALID_CREDENTIALS")
    if user.verified_at is None:
        return Forbidden("Verify your e-mail address first: we sent you a code.", code="EMAIL_NOT_VERIFIED")
    return None
