"""A progress bar for jobs: documents done, rate, failures, and the stages of those on their way."""

from collections import Counter
from types import TracebackType
from typing import Any, Self


class Progress:
    """On stderr; nothing where nobody watches."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"), TextColumn("[red]{task.fields[failed]}"), TimeElapsedColumn(),
            TimeRemainingColumn(), console=Console(stderr=True), disable=quiet, transient=False,
        )  # fmt: skip
        self._task = self._bar.add_task("queued", total=None, rate="", failed="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, jobs: list[dict[str, Any]], waiting: list[dict[str, Any]]) -> None:
        """The state of the jobs, and rows of documents that are on their way."""
        total = sum(job["total"] for job in jobs)
        failed = sum(job["failed"] for job in jobs)
        done = total - sum(job["queued"] for job in jobs)
        stages = Counter(row["stage"].lower() for row in waiting)
        names = ("parsing", "embedding", "indexing", "verifying")
        description = ", ".join(f"{stages[name]} {name}" for name in names if stages[name])
        elapsed = self._bar.tasks[self._task].elapsed or 0.0
        rate = f"{done / elapsed:.1f} docs/s" if elapsed > 0 and done else ""
        self._bar.update(
            self._task,
            total=total,
            completed=done,
            description=description or ("done" if done == total else "queued"),
            rate=rate,
            failed=f"{failed} failed" if failed else "",
        )
