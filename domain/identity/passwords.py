"""Which passwords are taken (NIST SP 800-63B-4 §3.1.1.2): by length and a list of common ones, not by composition."""

from functools import lru_cache
from importlib import resources

from core.errors import InvalidInput

MIN_LENGTH, MAX_LENGTH = 8, 256  # the upper bound keeps hashing cheap


def checked_password(password: str, email: str, field: str = "password") -> str:
    """Raises `InvalidInput` for one that is short, very long, common, or the address itself."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise _weak(f"The password needs {MIN_LENGTH} to {MAX_LENGTH} characters.", field)
    plain, address = password.strip().casefold(), email.casefold()
    if plain in (address, address.partition("@")[0]):
        raise _weak("The password must not be the e-mail address. Choose another one.", field)
    if plain in _common():
        raise _weak("This password is one of the most common ones, which are tried first. Choose another one.", field)
    return password


def _weak(message: str, field: str) -> InvalidInput:
    return InvalidInput(message, code="WEAK_PASSWORD", field=field)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """The 11,611 of at least 8 characters among the 30,000 of zxcvbn 4.5 (MIT), in small letters."""
    return frozenset((resources.files(__package__) / "common_passwords.txt").read_text(encoding="utf-8").split("\n"))
