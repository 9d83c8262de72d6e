"""Signatures of what is sent (CONTRACT, “Signatures of what we send”; standardwebhooks.com, specification 1.0).

The surfaces' own headers take the whole secret, with its `whsec_`, as the key and sign the body; Standard Webhooks
decodes what stands behind `whsec_` and signs id, time and body. While a secret is being replaced both sign: Standard
Webhooks has a list for that, beside the others the old one's stands in `…-Previous`.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from core.errors import InvalidInput
from domain.events.registry import Dialect

PREFIX = "whsec_"
SHORTEST_BYTES, LONGEST_BYTES = 24, 64  # of a Standard Webhooks secret
SIGNATURE_HEADERS = {
    Dialect.INSYDR: ("X-Insydr-Signature", "sha256="),
    Dialect.VOXFORGE: ("X-VoxForge-Signature", "sha256="),
    Dialect.FRONTDESK: ("X-Webhook-Signature", "sha256="),
    Dialect.INTEGRATION: ("X-Webhook-Signature", ""),
}


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def check_secret(secret: str) -> None:
    """Raise `InvalidInput` for one that Standard Webhooks' libraries would not take."""
    try:
        raw = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not secret.startswith(PREFIX) or not SHORTEST_BYTES <= len(raw) <= LONGEST_BYTES:
        raise InvalidInput(
            f"secret must be {PREFIX} and {SHORTEST_BYTES} to {LONGEST_BYTES} random bytes in Base64, e.g. "
            f"{PREFIX}$(openssl rand -base64 32). Leave it out to get one.",
            field="secret", code="WEAK_SECRET",
        )  # fmt: skip


def signed(dialect: Dialect, message_id: str, timestamp: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The signature headers; of `keys` the first is the secret, a second one that which it replaced."""
    name, prefix = SIGNATURE_HEADERS[dialect]
    headers = {name: prefix + _hex(keys[0], body)}
    if len(keys) > 1:
        headers[f"{name}-Previous"] = prefix + _hex(keys[1], body)
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        **headers,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_standard(key, content)}" for key in keys),
    }


def _hex(key: str, body: bytes) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def _standard(key: str, content: bytes) -> str:
    raw = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(raw, content, hashlib.sha256).digest()).decode()
