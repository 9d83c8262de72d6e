"""The tables of `evals.robustness`."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

AIM = 0.97
SLOWEST = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one file ended; `code` is COMPLETED or the failure's."""

    path: str
    format: str
    code: str
    message: str
    seconds: float
    pages: int = 0
    characters: int = 0
    notes: list[str] = field(default_factory=list)
    share: float | None = None  # of the words of its reference, where there is one
    missing: list[str] = field(default_factory=list)  # the most frequent of the others


def show(outcomes: Sequence[Outcome], *, root: Path, missing: bool) -> None:
    console = Console(width=160)
    console.print(_by_format(outcomes))
    console.print(_sentences(outcomes))
    _speed(console, outcomes, root)
    _references(console, outcomes, root, missing=missing)


def _by_format(outcomes: Sequence[Outcome]) -> Table:
    table = Table("format", "outcome", "files", title=f"{len(outcomes)} files")
    for (kind, code), count in sorted(Counter((one.format, one.code) for one in outcomes).items()):
        table.add_row(kind, code, str(count))
    return table


def _sentences(outcomes: Sequence[Outcome]) -> Table:
    """Each sentence once: what a person reads who uploaded such a file."""
    table = Table("code", "files", "sentence", title="Failures")
    for (code, message), count in sorted(Counter((one.code, one.message) for one in outcomes if one.message).items()):
        table.add_row(code, str(count), message)
    return table


def _speed(console: Console, outcomes: Sequence[Outcome], root: Path) -> None:
    paged = [one for one in outcomes if one.format == "pdf" and one.pages]
    seconds = sum(one.seconds for one in paged)
    pages = sum(one.pages for one in paged)
    console.print(
        f"PDF: {pages:,} pages in {seconds:.0f} s of parsing, {pages / max(seconds, 0.01):.0f} pages/s a child"
    )
    for one in sorted(outcomes, key=lambda one: -one.seconds)[:SLOWEST]:
        console.print(f"{one.seconds:7.2f} s  {one.pages:5} pages  {one.code}  {_name(one, root)}", markup=False)


def _references(console: Console, outcomes: Sequence[Outcome], root: Path, *, missing: bool) -> None:
    shares: dict[str, list[float]] = defaultdict(list)
    for one in outcomes:
        if one.share is not None:
            folder = _name(one, root).partition("/")[0]
            shares[f"{folder} {one.format}"].append(one.share)
            shares[folder].append(one.share)
    table = Table("folder", "files", "mean share", f"below {AIM}", title="Words of the references that were found")
    for name, found in sorted(shares.items()):
        table.add_row(name, str(len(found)), f"{mean(found):.3f}", str(sum(share < AIM for share in found)))
    console.print(table)
    for one in sorted(outcomes, key=lambda one: one.share or 0):
        if one.share is not None and one.share < AIM:
            rest = f"  {' '.join(one.missing)}" if missing else ""
            console.print(f"{one.share:.3f}  {_name(one, root)}{rest}", markup=False)


def _name(one: Outcome, root: Path) -> str:
    path = Path(one.path)
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
