"""Tokens and codes, of high or short-lived entropy. Nothing here is ever logged.

HMAC-SHA-256 with a key derived from the installation's secret by HKDF (RFC 5869), one purpose a key.
"""

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Keyring:
    """Keys derived from the one secret; a different `purpose` is a different key."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def derive(self, purpose: str) -> bytes:
        """32 bytes for `purpose`."""
        return HKDF(hashes.SHA256(), 32, salt=None, info=f"insydr/{purpose}".encode()).derive(self._secret)

    def digest(self, purpose: str, value: str) -> str:
        """Hex HMAC of `value`: what is stored of an API key, a code or a refresh token."""
        return hmac.new(self.derive(purpose), value.encode(), hashlib.sha256).hexdigest()

    def seal(self, purpose: str, row: str, value: bytes) -> bytes:
        """AES-256-GCM (NIST SP 800-38D), a fresh 96-bit nonce in front; `row` is authenticated, so it cannot move."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self.derive(purpose)).encrypt(nonce, value, row.encode())

    def unseal(self, purpose: str, row: str, sealed: bytes) -> bytes:
        """Raises `cryptography.exceptions.InvalidTag` for what was not sealed here, for this row."""
        return AESGCM(self.derive(purpose)).decrypt(sealed[:12], sealed[12:], row.encode())


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def new_token(prefix: str = "") -> str:
    """`prefix` and 256 bits in URL-safe characters."""
    return prefix + secrets.token_urlsafe(32)


def new_otp() -> str:
    """Six digits."""
    return f"{secrets.randbelow(1_000_000):06d}"
