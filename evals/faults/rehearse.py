"""All faults of a shape, one after the other on the same installation, with a reader who asks all the time."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from evals.faults import scenarios
from evals.faults.invariants import Verdict
from evals.faults.load import Client, Reader
from evals.faults.scenarios import Result
from evals.faults.services import fresh_postgres, fresh_redis
from evals.faults.shapes import QUICK, Shape, embedded, scaled

LEASE_S = float(QUICK["INSYDR_LEASE_S"])
PARTS = ("database", "broker", "vectors", "blobs")
Fault = Callable[[Shape, Client], Result]


def rehearse(name: str, kills: int, seconds: float, only: str | None, seed: int) -> list[Result]:
    """All faults that `name` can have, one after the other on the same installation."""
    console = Console(stderr=True)
    results: list[Result] = []
    with _running(name) as shape, Progress(console=console, disable=not console.is_terminal) as bar:
        client = Client(shape.url, seed, shape.up)
        client.sign_up(lambda address: code_of(shape, address))
        task = bar.add_task(name, total=kills)
        faults = _faults(name, kills, seconds, seed, lambda done: bar.update(task, completed=done))
        with Reader(client) as reader:
            for word, fault in faults.items():
                if only in (None, word):
                    results.append(fault(shape, client))
                    console.print(
                        f"{name}: {results[-1].fault}: {dict(results[-1].verdict.violations) or 'nothing lost'}"
                    )
        served = Verdict(documents=reader.asked)
        served.violations.update({"old version not served": reader.missed} if reader.missed else {})
        results.append(Result("a version served at all times", served, {"questions": reader.asked}))
    return results


def _faults(name: str, kills: int, seconds: float, seed: int, progress: Callable[[int], None]) -> dict[str, Fault]:
    faults: dict[str, Fault] = {
        "kills": lambda shape, client: scenarios.kills(shape, client, kills, seed, progress),
        "duplicates": scenarios.duplicates,
        "hog": lambda shape, client: scenarios.hogged(shape, client, LEASE_S),
    }
    if name == "embedded":
        faults["database"] = lambda shape, client: scenarios.locked_database(shape, client, seconds)
        faults["cancel"] = scenarios.cancelled
        faults["disk"] = lambda *_: _on_small_disk(seconds / 3, seed)
        return faults
    faults["empty"] = scenarios.emptied_broker
    faults["starved"] = lambda shape, client: scenarios.starved(shape, client, LEASE_S)
    for part in PARTS:
        faults[part] = partial(scenarios.outage, part=part, seconds=seconds)
    return faults


def _on_small_disk(seconds: float, seed: int) -> Result:
    """An installation of its own on a file system of 96 MB."""
    with tempfile.TemporaryDirectory() as place:
        mount = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", place], capture_output=True, check=False
        )
        if mount.returncode != 0:
            return Result("disk full", Verdict(), {"not done": "mounting a small file system was refused"})
        try:
            with embedded(Path(place)) as shape:
                client = Client(shape.url, seed, shape.up)
                client.sign_up(lambda address: code_of(shape, address))
                return scenarios.full_disk(shape, client, seconds)
        finally:
            subprocess.run(["umount", "-l", place], capture_output=True, check=False)


@contextmanager
def _running(name: str) -> Iterator[Shape]:
    with tempfile.TemporaryDirectory(prefix="insydr-faults-") as folder:
        if name == "embedded":
            with embedded(Path(folder)) as shape:
                yield shape
            return
        with fresh_postgres() as postgres, fresh_redis() as redis, scaled(Path(folder), postgres, redis) as shape:
            yield shape


def code_of(shape: Shape, address: str) -> str:
    """The one-time code from the outbox folder."""
    for mail in sorted((shape.folder / "data" / "outbox").glob("*.eml"), reverse=True):
        text = mail.read_text()
        if address in text and (found := re.search(r"\b(\d{6})\b", text)):
            return found[1]
    raise LookupError(f"no mail to {address}")
