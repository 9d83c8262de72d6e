"""Secrets and headers of a webhook: sealed for its row, opened only to send."""

import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag

from core.clock import utc_now
from core.crypto import Keyring
from core.errors import Unprocessable
from domain.models import Webhook
from domain.webhooks.rules import shown_headers

SECRET, HEADERS = "webhook-secret", "webhook-headers"


def seal_secret(keys: Keyring, webhook_id: str, secret: str) -> bytes:
    return keys.seal(SECRET, webhook_id, secret.encode())


def seal_headers(keys: Keyring, webhook_id: str, headers: Mapping[str, str]) -> bytes | None:
    return keys.seal(HEADERS, webhook_id, json.dumps(dict(headers)).encode()) if headers else None


def _opened(keys: Keyring, purpose: str, webhook: Webhook, sealed: bytes) -> str:
    try:
        return keys.unseal(purpose, webhook.id, sealed).decode()
    except InvalidTag:
        raise Unprocessable(
            "This webhook was sealed with another INSYDR_SECRET_KEY: rotate its secret, and give its headers anew.",
            code="SEALED_OTHERWISE",
        ) from None


def signing_keys(keys: Keyring, webhook: Webhook) -> list[str]:
    """The secret, and beside it the one that it replaced, as long as that holds."""
    found = [webhook.sealed_secret]
    if webhook.sealed_previous and webhook.previous_until and webhook.previous_until > utc_now():
        found.append(webhook.sealed_previous)
    return [_opened(keys, SECRET, webhook, one) for one in found]


def readable_headers(keys: Keyring, webhook: Webhook) -> dict[str, str]:
    """As they may be shown; none where the installation's key is another one, so that a list is shown all the same."""
    try:
        return shown_headers(headers_of(keys, webhook))
    except Unprocessable:
        return {}


def headers_of(keys: Keyring, webhook: Webhook) -> dict[str, str]:
    if webhook.sealed_headers is None:
        return {}
    found: dict[str, str] = json.loads(_opened(keys, HEADERS, webhook, webhook.sealed_headers))
    return found
