"""`insydr analytics`: straight to the database, which works beside a running server too."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import Unavailable
from core.settings import load_settings
from domain.analytics.rebuild import Rebuilt, rebuild
from domain.models import Workspace
from domain.unanswered.merging import merge_workspace
from insydr.output import emit
from insydr.parts import Installation
from insydr.workspaces import pick_workspace


def run_rebuild(workspace: str | None, *, check: bool, as_json: bool) -> None:
    parts = Installation(load_settings())
    try:
        found = pick_workspace(parts, workspace, create=False)
        rebuilt = _rebuilt(parts, found, store=not check, quiet=as_json)
    finally:
        parts.close()
    _say(found, rebuilt, check=check, as_json=as_json)


def run_merge(workspace: str | None, *, as_json: bool) -> None:
    parts = Installation(load_settings())
    try:
        found = pick_workspace(parts, workspace, create=False)
        with _bar("groups", quiet=as_json) as on_done:
            merged = merge_workspace(parts.database, found.id, on_done)
    finally:
        parts.close()
    if merged is None:
        raise Unavailable("Another process is joining questions of this workspace. Try again in a minute.")
    body = {"id": found.id, "before": merged.before, "after": merged.after}
    emit(body, as_json=as_json, text=f"{merged.before:,} groups of questions of {found.name} are {merged.after:,} now.")


def _rebuilt(parts: Installation, workspace: Workspace, *, store: bool, quiet: bool) -> Rebuilt:
    with _bar("days", quiet=quiet) as on_day:
        return rebuild(parts.database, workspace.id, workspace.timezone, store=store, on_day=on_day)


@contextmanager
def _bar(name: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """How many of how many are done."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say(workspace: Workspace, rebuilt: Rebuilt, *, check: bool, as_json: bool) -> None:
    wrong = [str(day) for day in rebuilt.wrong]
    body: dict[str, Any] = {
        "id": workspace.id,
        "days": rebuilt.days,
        "wrong": wrong,
        "wrong_clusters": rebuilt.wrong_clusters,
    }
    body["stored"] = not check
    is_wrong = bool(wrong or rebuilt.wrong_clusters)
    verdict = "as they are kept" if not wrong else f"other than was kept: {', '.join(wrong)}"
    if rebuilt.wrong_clusters:
        verdict += f"; {rebuilt.wrong_clusters:,} groups of questions had other sums"
    mended = " Everything is right now." if is_wrong and not check else ""
    emit(body, as_json=as_json, text=f"{rebuilt.days:,} days of {workspace.name}, {verdict}.{mended}")
