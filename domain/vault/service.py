"""Secrets: sealed when they come, shown never again; opened only where the product itself needs one."""

from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict, NotFound
from core.ids import Prefix, new_id
from domain.audit.actions import Action
from domain.audit.facts import Facts, changes, facts, shown
from domain.audit.recording import audit, done, target_of
from domain.changes import UNSET, Unset, changed
from domain.models import Secret
from domain.principal import Permission, Principal
from domain.vault.keys import VaultKeys
from domain.vault.kinds import SecretCategory, SecretEnvironment
from domain.vault.repository import SecretRepository, Wanted

HINT_CHARACTERS, HINTED_FROM = 4, 12
_OURS = ("hint", "vault_key_id", "created_by")  # a part of the value, and how it is kept, are no business of the log


@dataclass(frozen=True, slots=True)
class NewSecret:
    name: str
    value: str = field(repr=False)
    category: SecretCategory = SecretCategory.OTHER
    environment: SecretEnvironment = SecretEnvironment.ALL
    description: str | None = None


@dataclass(frozen=True, slots=True)
class SecretUpdate:
    """What is given replaces what there is."""

    name: str | Unset = UNSET
    value: str | Unset = field(default=UNSET, repr=False)
    category: SecretCategory | Unset = UNSET
    environment: SecretEnvironment | Unset = UNSET
    description: str | Unset | None = UNSET


class VaultService:
    def __init__(self, session: Session, who: Principal, keys: VaultKeys) -> None:
        self._session, self._who, self._keys = session, who, keys
        self._rows = SecretRepository(session, who)

    def create(self, new: NewSecret) -> Secret:
        """Raises `Conflict` for a name that its environment has."""
        self._who.require(Permission.SECRETS_MANAGE)
        secret_id, now = new_id(Prefix.SECRET), utc_now()
        key_id, sealed = self._keys.seal(secret_id, new.value.encode())
        is_new = self._rows.insert({
            "id": secret_id, "workspace_id": self._who.workspace_id, "created_by": self._who.user_id,
            "name": new.name, "category": new.category, "environment": new.environment,
            "description": new.description, "sealed_value": sealed, "vault_key_id": key_id, "hint": hint(new.value),
            "created_at": now, "updated_at": now,
        })  # fmt: skip
        if not is_new:
            raise _duplicate(new.name, new.environment)
        row = self._existing(secret_id)
        audit(self._session, self._who, Action.SECRET_CREATED, target_of(row), None, shown(_facts(row)))
        return row

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Secret], int]:
        self._who.require(Permission.SECRETS_MANAGE)
        return self._rows.page(wanted, limit, offset)

    def change(self, secret_id: str, update: SecretUpdate) -> Secret:
        """Raises `Conflict` where another has that name in that environment."""
        self._who.require(Permission.SECRETS_MANAGE)
        row = self._existing(secret_id, lock=True)
        before = _facts(row)
        for name in ("name", "category", "environment", "description"):
            setattr(row, name, changed(getattr(update, name), getattr(row, name)))
        if update.value is not UNSET:
            row.vault_key_id, row.sealed_value = self._keys.seal(row.id, update.value.encode())
            row.hint = hint(update.value)
        old, new = changes(before, _facts(row))
        if old or new:
            self._keep(row)
            audit(self._session, self._who, Action.SECRET_UPDATED, target_of(row), old, new)
        return row

    def delete(self, secret_id: str) -> None:
        self._who.require(Permission.SECRETS_MANAGE)
        row = self._existing(secret_id, lock=True)
        done(self._session, self._who, Action.SECRET_DELETED, row)
        self._session.delete(row)

    def reveal(self, secret_id: str) -> str:
        """The value, for use inside the product: no surface answers it. Raises `Unprocessable`."""
        self._who.require(Permission.SECRETS_MANAGE)
        row = self._existing(secret_id)
        return self._keys.open(row.id, row.vault_key_id, row.sealed_value).decode()

    def _keep(self, row: Secret) -> None:
        with self._session.no_autoflush:
            if self._rows.is_taken(row.name, row.environment, row.id):
                raise _duplicate(row.name, row.environment)
        row.updated_at = utc_now()
        try:
            self._session.flush()
        except IntegrityError:  # it came at the same moment
            raise _duplicate(row.name, row.environment) from None

    def _existing(self, secret_id: str, *, lock: bool = False) -> Secret:
        row = self._rows.get(secret_id, lock=lock)
        if row is None:
            raise NotFound("There is no such secret in this workspace.", code="SECRET_NOT_FOUND")
        return row


def hint(value: str) -> str:
    """The last characters of a value that is long enough to lose them; else nothing."""
    return value[-HINT_CHARACTERS:] if len(value) >= HINTED_FROM else ""


def _facts(row: Secret) -> Facts:
    return {name: value for name, value in facts(row).items() if name not in _OURS}


def _duplicate(name: str, environment: str) -> Conflict:
    message = f"There is a secret {name} for the environment “{environment}” already. Change that one instead."
    return Conflict(message, code="DUPLICATE_SECRET", field="key")
