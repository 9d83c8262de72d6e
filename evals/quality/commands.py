"""`insydr eval run` and `insydr eval compare`, as `insydr.commands.evaluating` calls them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from evals.datasets.load import load, sampled
from evals.datasets.model import DataSet
from evals.quality.collection import Library, ingested, library
from evals.quality.compare import compared
from evals.quality.report import HTML, judged, plain, write_report
from evals.quality.rows import read_rows
from evals.quality.run import RUN, ask_all, checked_questions, opened, plan_of, read_run
from insydr.client import Client, connected
from insydr.output import emit

_NAME = str.maketrans("/\\", "--")


@dataclass(frozen=True, slots=True)
class Order:
    """The options of `insydr eval run`."""

    workspace: str | None = None
    collection: str | None = None
    questions: int | None = None
    seed: int = 1
    name: str | None = None
    out: Path = Path("insydr-evals")
    site: Path | None = None
    baselines: bool = True
    threshold: float | None = None
    again: bool = False
    as_json: bool = False


def run(paths: Sequence[Path], options: dict[str, Any]) -> None:
    """Ask every question of each set, and write the reports; what can be wrong with a set is told before the first."""
    order = Order(**options)
    sets = [_read(path, order) for path in paths]
    names = [_name(data, order, several=len(sets) > 1) for data in sets]
    if len(set(names)) < len(names):
        raise InvalidInput("Two of the sets have one name; run one after the other, each with a --name.")
    ingests = any(data.sources for data in sets)
    reports = []
    with connected(order.workspace, create=ingests) as client:
        for data, name in zip(sets, names, strict=True):
            reports.append(evaluate(client, data, order.out / name, order))
    short = [
        {name: one[name] for name in ("name", "data_set", "report", "asked", "kept", "figures")} for one in reports
    ]
    emit({"runs": short}, as_json=order.as_json, text="\n\n".join(map(_told, reports)))


def evaluate(client: Client, data: DataSet, folder: Path, order: Order) -> dict[str, Any]:
    """One run, from its documents to its reports; what `report.json` has, and where that is."""
    place = _place(client, data, order)
    plan = plan_of(data, client, place, baselines=order.baselines)
    current = opened(folder, plan, client, place, again=order.again)
    kept = len(read_rows(folder))
    rows = ask_all(client, current, folder, data.questions, place, quiet=order.as_json)
    threshold = current.threshold if order.threshold is None else order.threshold
    report = write_report(folder, current, rows, threshold)
    return {**report, "report": str(folder / HTML), "asked": len(rows) - kept, "kept": kept}


def compare(a: str, b: str, out: Path, *, as_json: bool) -> None:
    """Two runs, by their folders or by their names in `out`."""
    first, second = (_verdicts(_folder(name, out)) for name in (a, b))
    found = plain(compared(first, second))
    emit({"a": a, "b": b, **found}, as_json=as_json, text=_comparison(a, b, found))


def _read(path: Path, order: Order) -> DataSet:
    data = checked_questions(load(path, pages=order.site))
    if data.sources and order.collection:
        raise InvalidInput(f"{path} brings its documents; --collection is for a question file of your own.")
    return data if order.questions is None else sampled(data, order.questions, order.seed)


def _name(data: DataSet, order: Order, *, several: bool) -> str:
    parts = [order.name, data.name] if several or order.name is None else [order.name]
    return "-".join(part for part in parts if part).translate(_NAME)


def _place(client: Client, data: DataSet, order: Order) -> Library:
    if data.sources:
        return ingested(client, data, quiet=order.as_json)
    chosen = client.collection(order.collection)
    named = order.collection if chosen else f"the workspace {client.workspace_name}"
    return library(client, chosen, str(named))


def _folder(name: str, out: Path) -> Path:
    return Path(name) if (Path(name) / RUN).is_file() else out / name


def _verdicts(folder: Path) -> Any:
    current = read_run(folder)
    return judged(read_rows(folder), current.plan.language)


def _told(report: dict[str, Any]) -> str:
    """The main figures, for a terminal."""
    figures = report["figures"]
    kept = f", {report['kept']} of them from an earlier call" if report["kept"] else ""
    lines = [f"{report['name']}: {figures['questions']} questions{kept}"]
    for mode, own in figures["ranking"].items():
        lines.append(f"  {mode:<8} " + "  ".join(f"{name} {own[name]['value']:.3f}" for name in own if "@" in name))
    answers = figures["answers"].items()
    lines.append("  answers  " + "  ".join(f"{name} {_number(one['value'])}" for name, one in answers))
    sure = figures["confidence"]
    names = ("auroc_right", "auroc_answerable", "ece", "brier")
    lines.append("  sure     " + "  ".join(f"{name} {_number(sure[name]['value'])}" for name in names))
    refusals = figures["refusals"]
    kinds = ("unanswerable_refused", "answerable_refused")
    shares = "  ".join(f"{name} {_number(refusals[name]['value'])}" for name in kinds)
    lines += [f"  at {refusals['threshold']:<5g} {shares}", f"  report   {report['report']}"]
    return "\n".join(lines)


def _comparison(a: str, b: str, found: dict[str, Any]) -> str:
    """A table: what both have, B less A, its interval, p, and how many questions are better and worse."""
    heads = ("", "A", "B", "B - A", "95 % interval", "p", "better/worse")
    rows = [heads, *(_row(name, one) for name, one in found["figures"].items())]
    for name, one in found["confidence"].items():
        if isinstance(one, dict):
            gap = one["difference"]
            values = (_number(one["a"]["value"]), _number(one["b"]["value"]), _number(gap["value"]))
            rows.append((name, *values, _interval(gap), "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"A: {a}", f"B: {b}", f"{found['questions']} questions in both", ""]
    lines += [
        "  ".join(
            cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(lines)


def _row(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    gap = one["difference"]
    means = (_number(one["a"]), _number(one["b"]), f"{gap['value']:+.3f}")
    return (name, *means, _interval(gap), f"{gap['p']:.4f}", f"{gap['better']}/{gap['worse']}")


def _interval(gap: dict[str, Any]) -> str:
    return f"{_number(gap['low'])} … {_number(gap['high'])}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
