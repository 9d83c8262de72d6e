"""Phone numbers in normal form: E.164 (`+15551234567`), as libphonenumber reads them."""

import phonenumbers

from core.errors import InvalidInput


def e164(text: str, region: str | None, field: str) -> str:
    """`text` in E.164. `region` (ISO 3166-1 alpha-2) is where numbers without a country code are dialled from.

    Raises `InvalidInput` for what is no number. That it is in use is not asked: `+1555…` of examples is one, too.
    """
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not region:
            message = f"{field} must begin with + and the country code, or give the front office a default_region."
        else:
            message = f"{field} is not a phone number."
        raise InvalidInput(message, field=field, code="INVALID_PHONE_NUMBER") from None
    if not phonenumbers.is_possible_number(parsed):
        raise InvalidInput(f"{field} has too few or too many digits.", field=field, code="INVALID_PHONE_NUMBER")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_region(name: str) -> bool:
    """Whether it is a region that has phone numbers."""
    return name in phonenumbers.SUPPORTED_REGIONS
