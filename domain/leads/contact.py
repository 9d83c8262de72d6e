"""How a person is told from another: the mail address and the phone number in normal form."""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from core.errors import InvalidInput
from core.phone_numbers import e164
from domain.models import Lead


def email_key(address: str) -> str:
    """Lower case, the domain in its ASCII form: nobody has two mailboxes that differ in case (RFC 5321 §2.4 lets them).

    Raises `InvalidInput`.
    """
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidInput(f"email: {error}", code="INVALID_EMAIL", field="email") from None
    return f"{found.local_part}@{found.ascii_domain}".lower()


@dataclass(frozen=True, slots=True)
class Contact:
    """Who somebody is, as far as they said; `source` is where they came from, a `LeadSource`."""

    source: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    email: str | None = None
    phone: str | None = None


def keys_of(email: str | None, phone: str | None, region: str | None) -> Keys:
    """Raises `InvalidInput` for what is no address or number."""
    return Keys(email_key(email) if email else None, e164(phone, region, "phone") if phone else None)


def full_name(lead: Lead) -> str | None:
    return " ".join(part for part in (lead.first_name, lead.last_name) if part) or None


def split_name(full: str) -> tuple[str, str | None]:
    """First and last name of a whole one: the last word is the last name."""
    first, _, last = full.strip().rpartition(" ")
    return (first.strip(), last) if first else (last, None)
