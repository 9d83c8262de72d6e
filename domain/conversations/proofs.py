"""Proof of work: what a visitor's browser computes before its first message, so that robots pay for each session.

As hashcash does: SHA-256 of the challenge and a number must begin with so many zero bits. A challenge is signed, so
none is stored; it ends after minutes, and whoever uses one again is refused.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import NamedTuple

from core.clock import utc_now
from core.crypto import Keyring, same
from core.database import Database
from core.errors import Forbidden
from domain.identity.try_repository import TryRepository

BITS = 15  # some 33,000 hashes: a tenth of a second in a browser
LIFE = timedelta(minutes=10)


class Challenge(NamedTuple):
    challenge: str
    bits: int


def issue(keys: Keyring, agent_id: str, key_id: str) -> Challenge:
    ends = int((utc_now() + LIFE).timestamp())
    text = f"{secrets.token_hex(12)}.{ends}"
    return Challenge(f"{text}.{_signature(keys, text, agent_id, key_id)}", BITS)


def check(database: Database, keys: Keyring, proof: str | None, agent_id: str, key_id: str) -> None:
    """`proof` is the challenge, a dot and the number; raises `Forbidden`."""
    challenge, _, number = (proof or "").rpartition(".")
    text, _, signature = challenge.rpartition(".")
    salt, _, ends = text.partition(".")
    if not signature or not same(signature, _signature(keys, text, agent_id, key_id)):
        raise _refused("The first message of a session needs a proof of work: ask for a challenge.")
    if int(ends) < utc_now().timestamp():
        raise _refused("The challenge has ended. Ask for another.")
    if not number.isdecimal() or _zero_bits(f"{challenge}.{number}") < BITS:
        raise _refused("The proof of work does not hold.")
    with database.write() as session:
        if TryRepository(session).count(f"proof {salt}", LIFE)[0] > 1:
            raise _refused("This proof of work was used already. Ask for another challenge.")


def _signature(keys: Keyring, text: str, agent_id: str, key_id: str) -> str:
    return keys.digest("proof-of-work", f"{text}\0{agent_id}\0{key_id}")


def _zero_bits(text: str) -> int:
    digest = hashlib.sha256(text.encode()).digest()
    return 256 - int.from_bytes(digest, "big").bit_length()


def _refused(message: str) -> Forbidden:
    return Forbidden(message, code="PROOF_REQUIRED", field="proof")
