"""E-mail addresses, as accounts are known by them."""

from core.errors import Conflict
from domain.identity.repository import IdentityRepository


def normal_email(email: str) -> str:
    return email.strip().lower()


def check_free(users: IdentityRepository, email: str) -> None:
    """Raise `Conflict` where an account has it."""
    if users.by_email(email) is not None:
        message = "An account with this e-mail address exists. Log in with it, or use another address."
        raise Conflict(message, code="EMAIL_TAKEN", field="email")
