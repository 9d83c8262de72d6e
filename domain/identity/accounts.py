"""Accounts as their owners keep them: password, address, name, and where they are logged in."""

from collections.abc import Sequence

import structlog
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.crypto import Keyring
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound, Unavailable
from core.mail import Mailer
from core.passwords import hash_password, verify_password
from domain.audit.actions import Action
from domain.audit.recording import audit_account
from domain.identity import account_codes, mails
from domain.identity.addresses import check_free, normal_email
from domain.identity.logins import Logins, Tokens
from domain.identity.passwords import checked_password
from domain.identity.repository import IdentityRepository
from domain.identity.tries import Tries, code_bounds, login_bounds, login_pair, mail_bounds, mail_client
from domain.models import CodePurpose, Login, User
from domain.origin import Origin

log = structlog.get_logger()


class AccountService:
    def __init__(self, database: Database, keys: Keyring, mailer: Mailer, logins: Logins) -> None:
        self._database, self._keys, self._mailer, self._logins = database, keys, mailer, logins
        self._tries = Tries(database, keys)

    def send_reset(self, email: str) -> None:
        """Mail a code to an account's owner; nothing where there is none. To be called after the answer, and after the
        request was counted: its time would tell whether there is one."""
        email = normal_email(email)
        with self._database.write() as session:
            users = IdentityRepository(session)
            user = users.by_email(email)
            if user is None:
                return
            code = account_codes.issue(users, user, CodePurpose.PASSWORD, email, self._keys)
        self._tell(email, mails.reset(code))

    def reset(self, email: str, code: str, new_password: str, origin: Origin) -> Tokens:
        """Choose a new password by a code. Every login of the account ends, and a new one begins."""
        email = normal_email(email)
        checked_password(new_password, email, "new_password")
        bounds = code_bounds(email, origin.client)
        self._tries.take(bounds)
        with self._tries.unless_busy(bounds):
            hashed = hash_password(new_password)
        with self._database.write() as session:
            users = IdentityRepository(session)
            user = users.by_email(email)
            account_codes.redeem(users, user, CodePurpose.PASSWORD, code, self._keys)
            assert user is not None  # else no code was right
            user.password_hash, user.verified_at = hashed, user.verified_at or utc_now()
            users.end_logins(user.id)
            self._tries.give_back(session, *bounds.each, mail_client(origin.client))
            self._tries.forget(session, login_pair(email, origin.client))
            tokens = self._logins.begin(session, user, origin)
            audit_account(session, users.workspaces(user.id), user, Action.PASSWORD_RESET, origin)
        self._tell(email, mails.password_changed(origin))
        return tokens

    def change_password(self, user: User, login_id: str, current: str, new: str, origin: Origin) -> int:
        """Every other login of the account ends: how many."""
        checked_password(new, user.email, "new_password")
        self._check_password(user, current, "current_password", origin)
        hashed = hash_password(new)
        with self._database.write() as session:
            users = IdentityRepository(session)
            known = self._unchanged(session, user)
            known.password_hash = hashed
            users.forget_codes(known.id)
            ended = users.end_logins(known.id, but=login_id)
            audit_account(session, users.workspaces(known.id), known, Action.PASSWORD_CHANGED, origin)
        self._tell(user.email, mails.password_changed(origin))
        return ended

    def ask_email(self, user: User, password: str, new_email: str, origin: Origin) -> str:
        """Mail a code to the address that the account is to have; its normal form. Nothing changes yet."""
        email = normal_email(new_email)
        self._check_password(user, password, "password", origin)
        self._tries.take(mail_bounds(email, origin.client))
        with self._database.write() as session:
            users = IdentityRepository(session)
            known = self._unchanged(session, user)
            check_free(users, email)
            code = account_codes.issue(users, known, CodePurpose.EMAIL, email, self._keys)
        mail = mails.new_address(code)
        self._mailer.send(email, mail.subject, mail.text)
        return email

    def confirm_email(self, user: User, code: str, origin: Origin) -> User:
        """The account has the address that the code was mailed to; the old one is told."""
        bounds = code_bounds(user.email, origin.client)
        self._tries.take(bounds)
        with self._database.write() as session:
            users = IdentityRepository(session)
            known = session.get_one(User, user.id)
            email = account_codes.redeem(users, known, CodePurpose.EMAIL, code, self._keys).email
            check_free(users, email)
            known.email = email
            users.forget_sign_ups(email)
            told = {"email": user.email}, {"email": email}
            audit_account(session, users.workspaces(known.id), known, Action.EMAIL_CHANGED, origin, *told)
            self._tries.give_back(session, *bounds.each, mail_client(origin.client))
        self._tell(user.email, mails.address_changed(email, origin))
        return known

    def rename(self, user: User, full_name: str) -> User:
        with self._database.write() as session:
            known = session.get_one(User, user.id)
            known.full_name = full_name
        return known

    def sessions(self, user: User, limit: int, offset: int) -> tuple[Sequence[Login], int]:
        with self._database.read() as session:
            return IdentityRepository(session).logins(user.id, limit, offset)

    def end_session(self, user: User, login_id: str) -> None:
        with self._database.write() as session:
            if not IdentityRepository(session).end_login(login_id, user.id):
                raise NotFound("You have no such session. It may have ended.", code="SESSION_NOT_FOUND")

    def end_others(self, user: User, login_id: str) -> int:
        with self._database.write() as session:
            return IdentityRepository(session).end_logins(user.id, but=login_id)

    def _check_password(self, user: User, password: str, field: str, origin: Origin) -> None:
        """A stolen access token guesses as often as a stranger at the login."""
        bounds = login_bounds(user.email, origin.client)
        self._tries.take(bounds)
        with self._tries.unless_busy(bounds):
            right = verify_password(password, user.password_hash)  # outside the writer lock
        if not right:
            raise InvalidInput("The password is wrong.", code="WRONG_PASSWORD", field=field)
        with self._database.write() as session:
            self._tries.give_back(session, *bounds.each)

    def _unchanged(self, session: Session, user: User) -> User:
        """Raises `Conflict` where the password was changed while it was compared."""
        known = session.get_one(User, user.id)
        if known.password_hash != user.password_hash:
            raise Conflict("The password was changed a moment ago. Log in again.", code="PASSWORD_CHANGED")
        return known

    def _tell(self, email: str, mail: mails.Mail) -> None:
        """What is done is done, whether or not its mail leaves."""
        try:
            self._mailer.send(email, mail.subject, mail.text)
        except Unavailable as error:
            log.warning("account_mail_not_sent", reason=error.message)
