"""Phone numbers in normal form: E.164 (`+15551234567`), as libphonenumber reads them."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

from core.clock import utc_now
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


def zone_told(number: str, otherwise: str) -> str:
    """The IANA zone of a number in E.164; `otherwise` where it tells none, or several of which that is one.

    Of others it is the one whose clocks all of them show, or where numbers that begin so are given out.
    """
    parsed = phonenumbers.parse(number)
    zones = tuple(one for one in timezone.time_zones_for_number(parsed) if one != timezone.UNKNOWN_TIMEZONE)
    if not zones or otherwise in zones:
        return otherwise
    if _same_clocks(zones):
        return zones[0]
    likely = timezone.time_zones_for_geographical_number(parsed)
    return likely[0] if len(likely) == 1 and likely[0] in zones else otherwise


@lru_cache(maxsize=1_024)
def _same_clocks(zones: tuple[str, ...]) -> bool:
    """Whether they show the same on the first of each month."""
    year = utc_now().year
    firsts = [datetime(year, month, 1, 12, tzinfo=UTC) for month in range(1, 13)]
    return len({tuple(one.astimezone(ZoneInfo(zone)).utcoffset() for one in firsts) for zone in zones}) == 1
