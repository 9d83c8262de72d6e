"""One-time codes by mail: 6 digits, stored as a digest, 10 minutes, 5 tries (CONTRACT, Insydr row 1)."""

from datetime import timedelta

from core.clock import utc_now
from core.crypto import Keyring, new_otp, same
from core.errors import InsydrError, InvalidInput, TooManyRequests
from domain.models import User

LIFE_MINUTES = 10
MAX_TRIES = 5
RESEND_AFTER_S = 30


def issue(user: User, keys: Keyring) -> str:
    """A new code for `user`; the old one stops working."""
    code = new_otp()
    user.otp_digest = keys.digest("otp", f"{user.id}:{code}")
    user.otp_sent_at = utc_now()
    user.otp_expires_at = user.otp_sent_at + timedelta(minutes=LIFE_MINUTES)
    user.otp_tries = 0
    return code


def check_resend(user: User) -> None:
    """Raise `TooManyRequests` when the last mail is too fresh."""
    if user.otp_sent_at is None:
        return
    wait = RESEND_AFTER_S - (utc_now() - user.otp_sent_at).total_seconds()
    if wait > 0:
        raise TooManyRequests(
            "A code was sent a moment ago. Check the inbox, then try again.", retry_after_s=int(wait) + 1
        )


def redeem(user: User | None, code: str, keys: Keyring) -> InsydrError | None:
    """None and a verified user, or the error. The count of tries must be committed in either case."""
    if user is None or user.otp_digest is None or user.otp_expires_at is None:
        return InvalidInput(
            "The code is wrong or has expired. Ask for a new one.", code="INVALID_OTP", field="otp_code"
        )
    if user.otp_tries >= MAX_TRIES:
        return TooManyRequests(
            "Too many wrong codes. Ask for a new one.", retry_after_s=RESEND_AFTER_S, code="OTP_TOO_MANY_TRIES"
        )
    if user.otp_expires_at < utc_now():
        return InvalidInput("The code has expired. Ask for a new one.", code="OTP_EXPIRED", field="otp_code")
    if not same(user.otp_digest, keys.digest("otp", f"{user.id}:{code}")):
        user.otp_tries += 1
        return InvalidInput(
            "The code is wrong or has expired. Ask for a new one.", code="INVALID_OTP", field="otp_code"
        )
    user.otp_digest = user.otp_expires_at = None
    user.verified_at = user.verified_at or utc_now()
    return None
