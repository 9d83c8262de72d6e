"""Credentials of a site: sealed for the row of their source, opened only by the crawl itself, never shown."""

import json
import re
from typing import Any

from pydantic import Field, ValidationError

from core.crypto import Keyring
from core.errors import InvalidInput
from core.outbound.headers import TOKEN, is_header
from core.strict_model import StrictModel, first_fault
from crawler.fetch import Credentials

PURPOSE = "crawl-credentials"
_COOKIE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")  # RFC 6265 §4.1.1
# they belong to the exchange itself
_RESERVED = frozenset(
    "accept-encoding connection content-length host if-modified-since if-none-match keep-alive proxy-authorization "
    "proxy-connection range te trailer transfer-encoding upgrade user-agent".split()
)


class CredentialsIn(StrictModel):
    """Basic authentication, headers and cookies that go along to the site itself and to no other host."""

    username: str | None = Field(None, max_length=500)
    password: str | None = Field(None, max_length=2_000)
    headers: dict[str, str] = Field({}, max_length=30)
    cookies: dict[str, str] = Field({}, max_length=50)


def checked_credentials(given: dict[str, Any]) -> CredentialsIn:
    """Raises `InvalidInput` with the field, never with a value."""
    try:
        found = CredentialsIn.model_validate(given)
    except ValidationError as error:
        raise first_fault(error.errors(include_input=False, include_url=False), within=["credentials"]) from None
    for name, value in found.headers.items():
        if not is_header(name, value) or name.lower() in _RESERVED:
            raise InvalidInput("This header cannot be sent along.", field=f"credentials.headers.{name[:80]}")
    for name, value in found.cookies.items():
        if not TOKEN.fullmatch(name) or not _COOKIE.fullmatch(value) or len(value) > 4_096:
            raise InvalidInput("This cookie cannot be sent along.", field=f"credentials.cookies.{name[:80]}")
    if found.password is not None and found.username is None:
        raise InvalidInput("A password needs a username.", field="credentials.username")
    if found.username is not None and ":" in found.username:
        raise InvalidInput("A username has no colon (RFC 7617).", field="credentials.username")
    return found


def seal(keys: Keyring, source_id: str, given: CredentialsIn) -> bytes:
    return keys.seal(PURPOSE, source_id, given.model_dump_json().encode())


def unseal(keys: Keyring, source_id: str, sealed: bytes | None) -> Credentials | None:
    if sealed is None:
        return None
    found = json.loads(keys.unseal(PURPOSE, source_id, sealed))
    return Credentials(found["headers"], found["username"], found["password"], found["cookies"])
