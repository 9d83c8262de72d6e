"""The keys that seal what a workspace keeps in the vault: the first one seals, all open."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag

from core.crypto import Keyring
from core.errors import Unprocessable
from core.secrets import secret_key
from core.settings import Settings

PURPOSE, ID_PURPOSE = "vault", "vault-key-id"
ID_DIGITS = 16


class VaultKeys:
    """`key_id` names the key that seals. It is an HMAC under a key of its own, so it says nothing of the key."""

    def __init__(self, secrets: Sequence[str]) -> None:
        rings = [Keyring(secret) for secret in secrets]
        self._rings = {ring.digest(ID_PURPOSE, PURPOSE)[:ID_DIGITS]: ring for ring in rings}
        self.key_id = next(iter(self._rings))

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all keys, the one that seals first."""
        return tuple(self._rings)

    def seal(self, row_id: str, value: bytes) -> tuple[str, bytes]:
        """The id of the key, and what it made of `value`, which can be opened for this row only."""
        return self.key_id, self._rings[self.key_id].seal(PURPOSE, row_id, value)

    def open(self, row_id: str, key_id: str, sealed: bytes) -> bytes:
        """Raises `Unprocessable` where no key opens it."""
        ring = self._rings.get(key_id)
        if ring is None:
            raise _sealed_otherwise(
                f"The secret {row_id} was sealed with the key {key_id}, which is not set: put that key back into "
                "INSYDR_VAULT_KEYS, as the last one, or give the secret its value anew."
            )
        try:
            return ring.unseal(PURPOSE, row_id, sealed)
        except (InvalidTag, ValueError):  # ValueError: it is not even as long as a nonce
            raise _sealed_otherwise(
                f"The secret {row_id} was damaged or is another's. The keys in INSYDR_VAULT_KEYS are right: restore a "
                "backup, or give the secret its value anew."
            ) from None


def open_vault(settings: Settings) -> VaultKeys:
    """The installation's secret key comes last: what was sealed before the first setting can be opened after it."""
    given = [one.get_secret_value() for one in settings.vault_keys]
    return VaultKeys([*given, secret_key(settings)])


def _sealed_otherwise(message: str) -> Unprocessable:
    return Unprocessable(message, code="SEALED_OTHERWISE")
