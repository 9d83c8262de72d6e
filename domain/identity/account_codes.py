"""Codes for accounts that exist: six digits by mail, as a digest, ten minutes, once (as those of sign-ups, `otp`).

Several of an account work at once, so that a stranger who asks for one does not take the owner's away.
"""

from datetime import timedelta

from core.clock import utc_now
from core.crypto import Keyring, new_otp, same
from core.errors import InvalidInput
from core.ids import Prefix, new_id
from domain.identity.otp import LIFE_MINUTES, MOST_LIVE
from domain.identity.repository import IdentityRepository
from domain.models import AccountCode, CodePurpose, User


def issue(users: IdentityRepository, user: User, purpose: CodePurpose, email: str, keys: Keyring) -> str:
    """A new code, to be mailed to `email`; beyond `MOST_LIVE` of its purpose the oldest stops working."""
    older = users.codes(user.id, purpose)
    taken = {one.digest for one in older}
    code = new_otp()
    while _digest(user, purpose, code, keys) in taken:
        code = new_otp()
    for one in older[MOST_LIVE - 1 :]:
        users.session.delete(one)
    users.session.add(
        AccountCode(
            id=new_id(Prefix.ACCOUNT_CODE), user_id=user.id, purpose=purpose, email=email,
            digest=_digest(user, purpose, code, keys), expires_at=utc_now() + timedelta(minutes=LIFE_MINUTES),
        )
    )  # fmt: skip
    return code


def redeem(users: IdentityRepository, user: User | None, purpose: CodePurpose, code: str, keys: Keyring) -> AccountCode:
    """What the code was mailed for; all codes of the account end. Raises `InvalidInput`; of an account that is not
    there as of a code that is wrong."""
    waiting = users.codes(user.id, purpose) if user else ()
    wanted = _digest(user, purpose, code, keys) if user else ""
    found = next((one for one in waiting if same(one.digest, wanted)), None)
    if user is None or found is None:
        raise InvalidInput("The code is wrong or has expired. Ask for a new one.", code="INVALID_OTP", field="otp_code")
    if found.expires_at < utc_now():
        raise InvalidInput("The code has expired. Ask for a new one.", code="OTP_EXPIRED", field="otp_code")
    users.forget_codes(user.id)
    return found


def _digest(user: User, purpose: CodePurpose, code: str, keys: Keyring) -> str:
    return keys.digest("account-code", f"{purpose}:{user.id}:{code}")
