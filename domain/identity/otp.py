"""One-time codes by mail: 6 digits, stored as a digest, 10 minutes (CONTRACT, Insydr row 1).

A code redeems the sign-up that it was mailed for, with the password and name given then, whoever signed up before or
after with the same address: only who reads the mail and knows what they typed gets an account that they can log in to.
"""

from collections.abc import Sequence
from datetime import timedelta

from core.clock import utc_now
from core.crypto import Keyring, new_otp
from domain.models import SignUp

LIFE_MINUTES = 10
MOST_LIVE = 5  # codes of one address that work at once: the newest
SIGN_UP_LIFE = timedelta(days=1)  # how long a new code may be asked for


def issue(sign_up: SignUp, others: Sequence[SignUp], keys: Keyring) -> str:
    """A new code for `sign_up`, which none of the `others` of its address has; its old one stops working."""
    taken = {one.code_digest for one in others}
    code = new_otp()
    while digest(sign_up.email, code, keys) in taken:
        code = new_otp()
    sign_up.code_digest = digest(sign_up.email, code, keys)
    sign_up.code_expires_at = utc_now() + timedelta(minutes=LIFE_MINUTES)
    return code


def digest(email: str, code: str, keys: Keyring) -> str:
    return keys.digest("otp", f"{email}:{code}")
