"""`insydr backup`, `insydr restore`, `insydr migrate`: an installation as a file, and from one shape to the other."""

import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from core.errors import Conflict, InvalidInput
from core.secrets import KEY_FILE, secret_key
from core.settings import Settings, load_settings
from domain.portability.archive import Manifest
from domain.portability.service import Place, Progress, backup, inspect, require_empty, restore
from insydr.data_folder import data_folder
from insydr.lock import ServerLock
from insydr.output import emit
from insydr.parts import Installation


def run_backup(path: Path, *, without_secret: bool, as_json: bool) -> None:
    settings = load_settings()
    if path.exists():
        raise Conflict(f"{path} exists already: name another file.", code="FILE_EXISTS")
    with _installation(settings) as parts, _bar(quiet=as_json) as progress:
        generated = settings.secret_key is None and not without_secret  # else the key in use is a setting
        manifest = backup(_place(parts), path, progress, secret_file=_key_file(settings) if generated else None)
    size = path.stat().st_size
    text = (
        f"{path}: {manifest.tables['documents']} documents, {size / 2**20:.1f} MiB. Keep it as safe as the data folder."
    )
    emit({"file": str(path), "bytes": size, "tables": manifest.tables}, as_json=as_json, text=text)


def run_restore(path: Path, *, as_json: bool) -> None:
    settings = load_settings()
    manifest, key = inspect(path)
    with _locked(settings):
        with _installation(settings) as parts:
            require_empty(parts.database)
        if key is not None and settings.secret_key is None:
            _adopt(_key_file(settings), key)
        _restore(settings, path, as_json=as_json)
    count = manifest.tables["documents"]
    text = f"{count} documents are restored. Start the server: it rebuilds the index (see `insydr queue`)."
    emit({"tables": manifest.tables}, as_json=as_json, text=text)


def run_migrate(config: Path, *, as_json: bool) -> None:
    """From the embedded installation of the settings to the one that `config` (TOML) describes."""
    source = load_settings()
    target = _target(config, source)
    with _locked(source), tempfile.TemporaryDirectory(dir=source.data_dir) as folder:
        path = Path(folder) / "migrate.tar"
        with _installation(source) as parts, _bar(quiet=as_json) as progress:
            backup(_place(parts), path, progress)
        manifest = _restore(target, path, as_json=as_json)
    where = "INSYDR_SECRET_KEY" if source.secret_key else str(_key_file(source))
    text = (
        f"{manifest.tables['documents']} documents are in the new installation. Run it with INSYDR_CONFIG={config} and "
        f"INSYDR_SECRET_KEY set to the content of {where}; its workers rebuild the index. The old one is unchanged."
    )
    emit({"tables": manifest.tables, "config": str(config)}, as_json=as_json, text=text)


def _restore(settings: Settings, path: Path, *, as_json: bool) -> Manifest:
    with _installation(settings) as parts, _bar(quiet=as_json) as progress:
        manifest = restore(_place(parts), path, progress)
        parts.reconciler.queue_all()
    return manifest


def _target(config: Path, source: Settings) -> Settings:
    """The settings in `config` and no others, with the source's secret where it names none."""
    try:
        values = tomllib.loads(config.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{config} cannot be read as TOML ({error}).", code="INVALID_SETTING") from None
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("INSYDR_")}
    try:
        if "secret_key" not in values:
            values["secret_key"] = secret_key(source)
        target = load_settings(**values)
    finally:
        os.environ.update(hidden)
    if target.embedded or target.sql_url == source.sql_url:
        raise InvalidInput(
            f"{config} must describe the scaled-out shape: database_url, broker_url, qdrant_url and blob_url.",
            code="INVALID_SETTING",
        )
    return target


@contextmanager
def _installation(settings: Settings) -> Iterator[Installation]:
    parts = Installation(settings)
    try:
        yield parts
    finally:
        parts.close()


@contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """No server may run on it meanwhile."""
    lock = ServerLock(data_folder(settings)) if settings.embedded else None
    try:
        yield
    finally:
        if lock:
            lock.release()


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield show


def _adopt(path: Path, key: str) -> None:
    """The secret of the backup; nothing is sealed yet with one that an empty installation may have made for itself."""
    partial = path.with_name(f".{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _place(parts: Installation) -> Place:
    return Place(parts.database, parts.blobs, parts.keys, f"insydr {metadata.version('insydr')}")


def _key_file(settings: Settings) -> Path:
    return settings.data_dir / KEY_FILE
