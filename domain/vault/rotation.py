"""Rotation: everything is sealed with the first key, a page a transaction; safe to repeat and to interrupt."""

from collections.abc import Callable
from dataclasses import dataclass, field

from core.database import Database
from core.errors import Unprocessable
from domain.models import Secret
from domain.vault import rotation_repository
from domain.vault.keys import VaultKeys

PAGE = 100


@dataclass(slots=True)
class Rotated:
    """How many were sealed anew, and the ids of those that no key opens."""

    sealed: int = 0
    unopened: list[str] = field(default_factory=list)


def counts(database: Database) -> dict[str, int]:
    """How many secrets each key has sealed, by its id."""
    with database.read() as session:
        return rotation_repository.counts(session)


def rotate(database: Database, keys: VaultKeys, on_page: Callable[[int, int], None], page_size: int = PAGE) -> Rotated:
    """`on_page` is told how many of how many are done."""
    total = sum(count for key_id, count in counts(database).items() if key_id != keys.key_id)
    found, after = Rotated(), ""
    while True:
        with database.write() as session:
            page = rotation_repository.sealed_otherwise(session, keys.key_id, after, page_size)
            unopened = [row.id for row in page if not _seal_anew(row, keys)]
        if not page:
            return found
        found.sealed += len(page) - len(unopened)
        found.unopened += unopened
        after = page[-1].id
        on_page(found.sealed + len(found.unopened), total)


def _seal_anew(row: Secret, keys: VaultKeys) -> bool:
    try:
        value = keys.open(row.id, row.vault_key_id, row.sealed_value)
    except Unprocessable:
        return False
    row.vault_key_id, row.sealed_value = keys.seal(row.id, value)
    return True
