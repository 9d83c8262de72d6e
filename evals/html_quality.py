"""Main content of web pages: strings that must and must not appear, ours beside trafilatura alone.

    python -m evals.html_quality --data ../shared/data/web-trafilatura [--json]

Counted as trafilatura's own evaluation counts: a wanted string found is a hit, an unwanted one found a false hit.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from core.errors import DocumentError
from ingest.parsers.html import parse_html

Extract = Callable[[bytes, str], str]


@dataclass(slots=True)
class Score:
    """Counts of strings, and the seconds all pages took."""

    hits: int = 0
    misses: int = 0
    false_hits: int = 0
    seconds: float = 0.0

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false_hits)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.misses)

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(1e-9, self.precision + self.recall)

    def count(self, text: str, wanted: list[str], unwanted: list[str]) -> None:
        """White space is no difference: both sides are compared on single spaces."""
        found = " ".join(text.split())
        kept = sum(" ".join(one.split()) in found for one in wanted)
        self.hits += kept
        self.misses += len(wanted) - kept
        self.false_hits += sum(" ".join(one.split()) in found for one in unwanted)


def ours(page: bytes, name: str) -> str:
    try:
        return parse_html(page, name).text
    except DocumentError:
        return ""


def trafilatura_alone(page: bytes, _name: str) -> str:
    from trafilatura import extract

    return extract(page, include_comments=False, include_tables=True, include_formatting=False) or ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    arguments = parser.parse_args()
    entries = json.loads((arguments.data / "evaldata_subset.json").read_text())
    extractors: dict[str, Extract] = {"ours": ours, "trafilatura": trafilatura_alone}
    scores = {name: Score() for name in extractors}
    console = Console(stderr=True)
    for entry in track(list(entries.values()), "pages", console=console, disable=arguments.json):
        page = (arguments.data / "html" / entry["file"]).read_bytes()
        for name, extract in extractors.items():
            started = time.perf_counter()
            text = extract(page, entry["file"])
            scores[name].seconds += time.perf_counter() - started
            scores[name].count(text, entry["with"], entry["without"])
    _report(scores, len(entries), as_json=arguments.json)


def _report(scores: dict[str, Score], pages: int, *, as_json: bool) -> None:
    figures = {
        name: {
            "precision": round(score.precision, 3),
            "recall": round(score.recall, 3),
            "f1": round(score.f1, 3),
            "ms_per_page": round(score.seconds / pages * 1000, 1),
        }
        for name, score in scores.items()
    }
    if as_json:
        print(json.dumps({"pages": pages, **figures}))
        return
    print(f"{pages} pages")
    for name, row in figures.items():
        print(f"{name:<12} " + "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
