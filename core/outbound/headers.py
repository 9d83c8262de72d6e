"""Which header fields can be sent along with a request of ours (RFC 9110 §5)."""

import re

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
MAX_VALUE = 8_000


def is_header(name: str, value: str) -> bool:
    """A name of token characters, a value on one line without white space at its ends."""
    return bool(TOKEN.fullmatch(name) and _VALUE.fullmatch(value)) and len(value) <= MAX_VALUE
