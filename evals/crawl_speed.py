"""Fetching and extracting a site: our engine and parser beside Scrapy with trafilatura, by turns in one run.

python -m evals.crawl_speed --site FOLDER [--site FOLDER …] [--rounds 3] [--places 4]

The sites are served on loopback by a process of its own. Both obey robots.txt, follow every link of the host, and have
the same number of requests under way. Ours is measured as the service works, pages read by children, and with all of it
in one process; the frontier is the one in memory, and nothing is embedded or stored.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from core.outbound.client import guarded_client
from crawler.crawl import Crawl, Memory
from crawler.fetch import Fetcher
from crawler.frontier import Found, Outcome, Result, Via
from crawler.memory import MemoryFrontier
from crawler.politeness import Pace
from crawler.robots_cache import RobotsCache
from crawler.rules import Rules
from crawler.visit import Visitor
from evals.doc_site import serving
from ingest.children.inline import InlineParser
from ingest.children.pool import ParsePool
from ingest.children.protocol import Failed, Parsed, Parser, ParseTask

NO_LIMIT = 10_000.0  # requests a second
WALL_S = 900.0
KINDS = ("children", "one process", "scrapy")


class Extracting(MemoryFrontier):
    """Pages are handed to `parser` as soon as they are settled, as blobs on disk are in the service."""

    def __init__(self, url: str, parser: Parser, workers: int, place: Path) -> None:
        super().__init__([Found(url, Via.START, 0)], max_pages=100_000)
        self._parser, self._place = parser, place
        self._pool = ThreadPoolExecutor(workers) if workers else None
        self._read: list[Future[list[Parsed | Failed]]] = []
        self.pages, self.characters = 0, 0

    def apply(self, outcomes: Sequence[Outcome]) -> None:
        super().apply(outcomes)
        tasks = [self._task(one) for one in outcomes if one.result is Result.CONTENT]
        if self._pool is None:
            self._count(self._parser.run(tasks))
        else:
            self._read += [self._pool.submit(self._parser.run, [task]) for task in tasks]

    def finish(self) -> None:
        for future in self._read:
            self._count(future.result())
        if self._pool is not None:
            self._pool.shutdown()

    def _task(self, outcome: Outcome) -> ParseTask:
        content = outcome.content
        assert content is not None
        path = self._place / content.content_hash
        path.write_bytes(content.body)
        return ParseTask(str(path), 0, len(content.body), content.file_name)

    def _count(self, results: Sequence[Parsed | Failed]) -> None:
        for result in results:
            if isinstance(result, Parsed):
                self.pages += 1
                self.characters += len(result.document.text)


def main() -> None:
    arguments = _parser().parse_args()
    if arguments.ours:
        print(json.dumps(_ours(arguments.ours, arguments.places, in_children=arguments.children)))
        return
    results = [_beside(folder, arguments.rounds, arguments.places) for folder in arguments.site]
    print(json.dumps(results, indent=2))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--places", type=int, default=4)
    parser.add_argument("--ours", metavar="URL", help="Crawl this once with ours; used by the bench itself.")
    parser.add_argument("--children", action="store_true")
    return parser


def _beside(folder: Path, rounds: int, places: int) -> dict[str, Any]:
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as place, serving(folder, Path(place) / "record") as site:
        for number in range(rounds):
            for kind in KINDS:
                Console(stderr=True).print(f"{folder.parent.name}: round {number + 1} of {rounds}, {kind} …")
                runs[kind].append(_run(kind, site.url, places))
    speeds = {kind: median(one["pages"] / one["s"] for one in runs[kind]) for kind in KINDS}
    return {
        "site": folder.parent.name,
        "pages": {kind: runs[kind][-1]["pages"] for kind in KINDS},
        "characters": {kind: runs[kind][-1]["characters"] for kind in KINDS},
        "pages_a_second": {kind: round(speed, 1) for kind, speed in speeds.items()},
        "cpu_s": {kind: median(one["cpu_s"] for one in runs[kind]) for kind in KINDS[1:]},
        "times_scrapy": {kind: round(speeds[kind] / speeds["scrapy"], 2) for kind in KINDS[:2]},
    }


def _run(kind: str, url: str, places: int) -> dict[str, Any]:
    """In a process of its own: neither warms the other's caches."""
    command = [sys.executable, "-m"]
    if kind == "scrapy":
        command += ["evals.peer_scrapy", url]
    else:
        command += ["evals.crawl_speed", "--ours", url, *(["--children"] if kind == "children" else [])]
    done = subprocess.run([*command, "--places", str(places)], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _ours(url: str, places: int, *, in_children: bool) -> dict[str, Any]:
    parser: Parser = InlineParser()
    if in_children:
        parser = ParsePool(2, wall_s=60, cpu_s=60, memory_bytes=2 * 2**30, max_tasks=200)
    parser.warm()
    client = guarded_client(["127.0.0.1"], timeout_s=30)
    fetcher = Fetcher(client, agent="InsydrBot/bench", max_bytes=25 * 2**20, site=url)
    robots = RobotsCache(fetcher, "insydrbot", time.monotonic)
    visitor = Visitor(fetcher, robots, Rules(url), "insydrbot")
    with tempfile.TemporaryDirectory() as place:
        frontier = Extracting(url, parser, 2 if in_children else 0, Path(place))
        began = time.perf_counter()
        Crawl(frontier, visitor, Memory(), Pace(places, NO_LIMIT)).run(WALL_S)
        frontier.finish()
        seconds = time.perf_counter() - began
    parser.close()
    client.close()
    used = resource.getrusage(resource.RUSAGE_SELF)  # the children are the fork server's
    return {
        "pages": frontier.pages, "s": round(seconds, 2), "characters": frontier.characters,
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
    }  # fmt: skip


if __name__ == "__main__":
    main()
