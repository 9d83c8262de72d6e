"""Backup and restore of an installation, on either database and either blob store."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.blobs.protocol import BlobStore
from core.clock import iso, utc_now
from core.crypto import Keyring
from core.database import Database
from core.database.schema import newest_revision
from core.errors import Conflict, InvalidInput, NotFound
from domain.portability import repository
from domain.portability.archive import BLOBS, FORMAT, SECRET, TABLES, Manifest, checked, members, writing

Progress = Callable[[str, int, int], None]  # what, done, of how many (0: unknown)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation keeps its things."""

    database: Database
    blobs: BlobStore
    keys: Keyring
    product: str  # name and version


def backup(place: Place, path: Path, progress: Progress, *, secret_file: Path | None = None) -> Manifest:
    """Write all of one moment to `path`, beside a running server too. Vectors are not in it: they are rebuilt."""
    manifest = Manifest(FORMAT, place.product, newest_revision(), _fingerprint(place.keys), iso(utc_now()))
    with writing(path) as archive:
        with place.database.read() as session:
            repository.snapshot(session)
            wanted = repository.tables()
            for number, table in enumerate(wanted):
                progress(table.name, number, len(wanted))
                manifest.tables[table.name] = archive.lines(table.name, repository.rows(session, table))
            keys = repository.originals(session)
        # an original is never changed, only removed once no row names it
        for number, key in enumerate(keys):
            progress("originals", number, len(keys))
            try:
                with place.blobs.local(key) as local, local.open("rb") as file:
                    archive.file(f"{BLOBS}{key}", file)
            except NotFound:
                manifest.missing.append(key)
        if secret_file is not None and secret_file.is_file():
            with secret_file.open("rb") as file:
                archive.file(SECRET, file)
        archive.manifest(manifest)
    return manifest


def inspect(path: Path) -> tuple[Manifest, str | None]:
    """What a whole backup says of itself, and the secret key that is in it."""
    manifest = checked(path)
    if manifest.revision != newest_revision():
        raise InvalidInput(
            f"{path} was made with another version of the database ({manifest.product}). Restore it with that "
            "version, then upgrade.",
            code="BACKUP_REVISION",
        )
    key = next((source.read().decode() for name, source in members(path) if name == SECRET), None)
    return manifest, key


def require_empty(database: Database) -> None:
    """Raises `Conflict` where there is a row of anything."""
    with database.read() as session:
        if any(repository.counts(session).values()):
            raise Conflict("This installation is not empty. Restore into an empty one.", code="NOT_EMPTY")


def restore(place: Place, path: Path, progress: Progress) -> Manifest:
    """Into an empty installation with the same secret. The file has been read whole before anything is written; the
    rows come in one transaction. The index is rebuilt from them by the reconciler."""
    manifest, _ = inspect(path)
    if manifest.secret != _fingerprint(place.keys):
        raise InvalidInput(
            "This backup was made with another secret key: its API keys and sealed secrets could not be used. Set "
            "INSYDR_SECRET_KEY to the key of that installation.",
            code="BACKUP_SECRET",
        )
    require_empty(place.database)
    for number, (name, source) in enumerate(members(path)):
        if name.startswith(BLOBS):
            progress("originals", number, len(manifest.hashes))
            place.blobs.put(name.removeprefix(BLOBS), source)
    _load(place, path, manifest, progress)
    return manifest


def _load(place: Place, path: Path, manifest: Manifest, progress: Progress) -> None:
    by_name = {table.name: table for table in repository.tables()}
    loaded: dict[str, int] = {}
    with place.database.write() as session:
        for name, source in members(path):
            table = by_name.get(name.removeprefix(TABLES).removesuffix(".jsonl"))
            if not name.startswith(TABLES) or table is None:
                continue
            progress(table.name, len(loaded), len(manifest.tables))
            loaded[table.name] = repository.load(session, table, map(json.loads, _lines(source)))
        if loaded != manifest.tables:
            raise InvalidInput(f"{path} lacks rows that it names. Nothing was changed.", code="BACKUP_DAMAGED")
        repository.requeue_interrupted(session)


def _lines(source: BinaryIO) -> Iterator[bytes]:
    yield from source


def _fingerprint(keys: Keyring) -> str:
    return keys.digest("backup", "fingerprint")
