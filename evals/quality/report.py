"""The two reports of a run: `report.json` for machines, `report.html` for people."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.quality.figures import figures_of
from evals.quality.judge import Verdict, judge
from evals.quality.page import page
from evals.quality.rows import Row
from evals.quality.run import Run
from evals.quality.worst import listings

JSON, HTML = "report.json", "report.html"


def judged(rows: Sequence[Row], language: str) -> list[Verdict]:
    return [judge(row, language) for row in rows]


def write_report(folder: Path, run: Run, rows: Sequence[Row], threshold: float) -> dict[str, Any]:
    """Both files, anew; the content of the first."""
    verdicts = judged(rows, run.plan.language)
    figures = plain(figures_of(verdicts, threshold))
    lists = listings(verdicts, threshold)
    head = {
        "name": folder.name,
        "data_set": run.plan.data_set,
        "collection": run.collection_name,
        "finished": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "notes": run.notes,
    }
    worst = {one.title: [_brief(verdict) for verdict in one.verdicts] for one in lists}
    report = {**head, "figures": figures, "worst": plain(worst)}
    (folder / JSON).write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (folder / HTML).write_text(page(head, figures, lists), encoding="utf-8")
    return report


def plain(value: Any) -> Any:
    """As JSON has it, which knows no NaN: what has no meaning is null."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _brief(one: Verdict) -> dict[str, Any]:
    names = ("id", "question", "answerable", "answers", "answer", "confidence", "gold", "cited")
    row = asdict(one.row)
    return {**{name: row[name] for name in names}, "figures": one.figures}
