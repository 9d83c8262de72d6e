"""`insydr vault`: straight to the database, which works beside a running server too."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.settings import load_settings
from domain.vault.rotation import Rotated, counts, rotate
from insydr.output import emit
from insydr.parts import Installation


def run_rotate(*, as_json: bool) -> int:
    """Exit code: 0 when the first key has sealed everything now, 1 when some could not be opened."""
    with _installation() as parts, _bar(quiet=as_json) as on_page:
        found = rotate(parts.database, parts.vault, on_page)
        key_id = parts.vault.key_id
    body = {"key_id": key_id, "sealed": found.sealed, "unopened": found.unopened}
    emit(body, as_json=as_json, text=_rotated(found, key_id))
    return 1 if found.unopened else 0


def run_status(*, as_json: bool) -> None:
    with _installation() as parts:
        found, keys = counts(parts.database), parts.vault
    known = list(keys.ids)
    ids = [*known, *(key_id for key_id in found if key_id not in known)]
    rows = [{"key_id": one, "secrets": found.get(one, 0), "use": _use(one, known)} for one in ids]
    lines = [f"{row['key_id']}  {row['secrets']:>8,} secrets  {row['use']}" for row in rows]
    emit({"keys": rows}, as_json=as_json, text="\n".join(lines))


def _use(key_id: str, known: list[str]) -> str:
    if key_id not in known:
        return "not set: its secrets cannot be opened"
    return "seals" if key_id == known[0] else "opens"


def _rotated(found: Rotated, key_id: str) -> str:
    lines = [f"{found.sealed:,} secrets were sealed anew with the key {key_id}."]
    if found.unopened:
        lines.append(
            f"{len(found.unopened):,} could not be opened: put the keys that sealed them (`insydr vault status`) back "
            "into INSYDR_VAULT_KEYS, last, or give these secrets their values anew:"
        )
        lines += [f"  {one}" for one in found.unopened]
    return "\n".join(lines)


@contextmanager
def _installation() -> Iterator[Installation]:
    parts = Installation(load_settings())
    try:
        yield parts
    finally:
        parts.close()


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """How many of how many are done."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("secrets", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
