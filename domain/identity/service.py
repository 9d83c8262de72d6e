"""Accounts: sign-up, verification, login, refresh, logout."""

from collections.abc import Sequence

import structlog

from core.clock import utc_now
from core.crypto import Keyring, same
from core.database import Database
from core.errors import Forbidden, InvalidInput, Unauthenticated, Unavailable
from core.ids import Prefix, new_id
from core.mail import Mailer
from core.passwords import hash_password, verify_password
from domain.audit.actions import Action
from domain.audit.recording import audit_account
from domain.identity import otp
from domain.identity.addresses import check_free, normal_email
from domain.identity.logins import Logins, Tokens
from domain.identity.passwords import checked_password
from domain.identity.repository import IdentityRepository
from domain.identity.tokens import AccessClaims
from domain.identity.tries import Tries, code_bounds, login_bounds, login_pair, mail_bounds, mail_client
from domain.models import SignUp, User
from domain.origin import NOWHERE, Origin
from domain.principal import Actor

log = structlog.get_logger()


class IdentityService:
    def __init__(self, database: Database, keys: Keyring, logins: Logins, mailer: Mailer) -> None:
        self._database, self._keys, self._logins, self._mailer = database, keys, logins, mailer
        self._tries = Tries(database, keys)

    def sign_up(self, email: str, password: str, full_name: str, client: str) -> str:
        """Keep what was asked for and mail the code that redeems it; the normal form of the address."""
        email = normal_email(email)
        checked_password(password, email)
        with self._database.read() as session:
            check_free(IdentityRepository(session), email)
        bounds = mail_bounds(email, client)
        self._tries.take(bounds)
        with self._tries.unless_busy(bounds):
            hashed = hash_password(password)
        with self._database.write() as session:
            users = IdentityRepository(session)
            check_free(users, email)
            sign_up = SignUp(id=new_id(Prefix.SIGN_UP), email=email, full_name=full_name, password_hash=hashed)
            code = otp.issue(sign_up, _waiting(users, email), self._keys)
            session.add(sign_up)
        self._send_code(sign_up, code)
        return email

    def check_mail(self, email: str, client: str) -> None:
        """Raises `TooManyRequests` when too many were asked for, whether or not anybody waits for one."""
        self._tries.take(mail_bounds(normal_email(email), client))

    def resend(self, email: str) -> None:
        """Mail a new code to whoever waits for one. To be called after the answer: its time would tell who does.

        Where several signed up with the address nobody knows for whom it is asked, and the wrong one's code would give
        a stranger's password to the account: then the mail says to sign up again.
        """
        with self._database.write() as session:
            waiting = _waiting(IdentityRepository(session), normal_email(email))
            code = otp.issue(waiting[0], (), self._keys) if len(waiting) == 1 else None
        if waiting:
            try:
                self._send_code(waiting[0], code)
            except Unavailable as error:  # nobody waits for the answer any more
                log.warning("code_not_resent", reason=error.message)

    def verify(self, email: str, code: str, origin: Origin) -> Tokens:
        """Redeem a code: the account of the sign-up that it was mailed for. Logs in."""
        email = normal_email(email)
        client = origin.client
        bounds = code_bounds(email, client)
        self._tries.take(bounds)
        with self._database.write() as session:
            users = IdentityRepository(session)
            sign_up = self._redeemed(users, email, code)
            user = User(
                id=new_id(Prefix.USER), email=email, full_name=sign_up.full_name,
                password_hash=sign_up.password_hash, verified_at=utc_now(),
            )  # fmt: skip
            session.add(user)
            users.forget_sign_ups(email)
            self._tries.give_back(session, *bounds.each, mail_client(client))
            return self._logins.begin(session, user, origin)

    def log_in(self, email: str, password: str, origin: Origin) -> Tokens:
        """Raises `TooManyRequests` after too many tries, `Unavailable` where too many log in at this moment."""
        email = normal_email(email)
        client = origin.client
        bounds = login_bounds(email, client)
        self._tries.take(bounds)
        with self._database.read() as session:
            users = IdentityRepository(session)
            user = users.by_email(email)
            known = [user.password_hash] if user else [one.password_hash for one in _waiting(users, email)]
        with self._tries.unless_busy(bounds):
            right = _matching(password, known)  # outside the writer lock
        if not right:
            raise Unauthenticated("E-mail address or password is wrong.", code="INVALID_CREDENTIALS")
        with self._database.write() as session:
            self._tries.give_back(session, *bounds.each)
            users = IdentityRepository(session)
            tokens = self._logged_in(users, email, right[0], origin)
            if tokens is not None:
                self._tries.forget(session, login_pair(email, client))
        if tokens is None:
            raise Forbidden("Verify your e-mail address first: we sent you a code.", code="EMAIL_NOT_VERIFIED")
        return tokens

    def refresh(self, refresh_token: str, origin: Origin) -> Tokens:
        """New tokens for a refresh token, which works once."""
        with self._database.write() as session:
            tokens = self._logins.renew(session, refresh_token, origin)
        if tokens is None:
            raise Unauthenticated("The refresh token is not valid. Log in again.", code="INVALID_TOKEN")
        return tokens

    def log_out(self, claims: AccessClaims) -> None:
        with self._database.write() as session:
            IdentityRepository(session).end_login(claims.login_id, claims.user_id)

    def claims(self, token: str) -> AccessClaims:
        return self._logins.claims(token)

    def authenticate(self, token: str) -> User:
        """The user of an access token whose login still holds."""
        claims = self._logins.claims(token)
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
        email = normal_email(email)
        hashed = hash_password(checked_password(password, email))
        with self._database.write() as session:
            users = IdentityRepository(session)
            user = users.by_email(email)
            new = user is None
            if user is None:
                user = User(id=new_id(Prefix.USER), email=email, full_name=full_name, password_hash=hashed)
                session.add(user)
            else:
                users.end_logins(user.id)
                audit_account(
                    session, users.workspaces(user.id), user, Action.PASSWORD_RESET, NOWHERE, actor=Actor.OPERATOR
                )
            users.forget_sign_ups(email)
            user.password_hash, user.verified_at = hashed, user.verified_at or utc_now()
        return user, new

    def forget_old(self) -> None:
        """Sign-ups that nobody verified, codes that nobody used, and tries that count no longer."""
        with self._database.write() as session:
            users = IdentityRepository(session)
            users.forget_old_sign_ups(otp.SIGN_UP_LIFE)
            users.forget_expired_codes()
        self._tries.forget_old()

    def _redeemed(self, users: IdentityRepository, email: str, code: str) -> SignUp:
        wanted = otp.digest(email, code, self._keys)
        found = next((one for one in _waiting(users, email) if same(one.code_digest, wanted)), None)
        if found is None or users.by_email(email) is not None:
            raise InvalidInput(
                "The code is wrong or has expired. Ask for a new one.", code="INVALID_OTP", field="otp_code"
            )
        if found.code_expires_at < utc_now():
            raise InvalidInput("The code has expired. Ask for a new one.", code="OTP_EXPIRED", field="otp_code")
        if not users.take_sign_up(found.id):
            raise InvalidInput("This code was used already.", code="INVALID_OTP", field="otp_code")
        return found

    def _logged_in(self, users: IdentityRepository, email: str, right: str, origin: Origin) -> Tokens | None:
        """None for a sign-up that is not verified. The password may have been changed while it was compared."""
        user = users.by_email(email)
        if user is None:
            return None
        if user.password_hash != right:
            raise Unauthenticated("E-mail address or password is wrong.", code="INVALID_CREDENTIALS")
        return self._logins.begin(users.session, user, origin)

    def _send_code(self, sign_up: SignUp, code: str | None) -> None:
        """The time says which sign-up is meant, for the name would be a stranger's words in the mail."""
        if code is None:
            text = "Several people signed up with this address, so we cannot tell whose code you want.\n"
            text += "Sign up once more: the code that you get then is yours.\n"
        else:
            text = f"Your Insydr code is {code}. It works for {otp.LIFE_MINUTES} minutes.\n\n"
            text += f"It is for the sign-up of {sign_up.created_at:%Y-%m-%d %H:%M} UTC.\n"
        text += "You did not sign up then? Ignore this mail.\n"
        self._mailer.send(sign_up.email, "Your Insydr code", text)


def _waiting(users: IdentityRepository, email: str) -> Sequence[SignUp]:
    return users.sign_ups(email, otp.SIGN_UP_LIFE, otp.MOST_LIVE)


def _matching(password: str, hashes: Sequence[str]) -> Sequence[str]:
    """All are compared; without any there is as much work as with one."""
    if not hashes:
        verify_password(password, None)
    return [hashed for hashed in hashes if verify_password(password, hashed)]
