"""Grouping under load: one question asked very often, its cluster merged into another, and what other writers wait.

    python -m evals.grouping_bench [--on sqlite|postgresql|both] [--times 100000]

The embedding is a fake: what is timed is all but the model. `python -m evals.clustering assign` times the comparing.
"""

import argparse
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from core.database import Database
from core.embedding.fake import FakeEmbeddingModel
from domain.unanswered.grouping import Grouper
from domain.unanswered.repository import ItemOrder, WantedItems
from domain.unanswered.service import UnansweredService
from evals.asking import Asking
from evals.databases import KINDS, databases

QUESTION, OTHER = "How long is the battery covered?", "Where is your office in Riga?"
PAGE = 5_000  # questions stored at once
PAUSE_S = 0.01  # between two writes of somebody else


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", choices=KINDS, default="both")
    parser.add_argument("--times", type=int, default=100_000)
    asked = parser.parse_args()
    found = {name: _measured(database, asked.times) for name, database in databases(asked.on)}
    print(json.dumps(found, indent=1))


def _measured(database: Database, times: int) -> dict[str, Any]:
    asking = Asking.on(database)
    asking.ask([OTHER])
    for _ in range(times // PAGE):
        asking.ask([QUESTION] * PAGE)
    model = FakeEmbeddingModel()
    grouper = Grouper(database, lambda: model)
    found: dict[str, Any] = {}
    with _others(database, found, "grouping"):
        found["grouped"] = grouper.group_pending()
    with database.read() as session:
        work_list = UnansweredService(session, asking.who).page(WantedItems(order=ItemOrder.FIRST_SEEN), 2, 0)
    first, second = (item.cluster for item in work_list.items)
    began = time.perf_counter()
    with database.write() as session:
        UnansweredService(session, asking.who).merge(second.id, [first.id], None)
    found["merge, s"] = round(time.perf_counter() - began, 3)
    with _others(database, found, "moving"):
        grouper.group_pending()
    return found


@contextmanager
def _others(database: Database, found: dict[str, Any], name: str) -> Iterator[None]:
    """How long it took, and what another writer waited meanwhile."""
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            began = time.perf_counter()
            with database.write():
                waits.append((time.perf_counter() - began) * 1000)
            done.wait(PAUSE_S)

    thread = threading.Thread(target=write)
    began = time.perf_counter()
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    found[f"{name}, s"] = round(time.perf_counter() - began, 1)
    found[f"waited while {name}, ms"] = {
        "p50": round(float(np.percentile(waits, 50)), 1), "p95": round(float(np.percentile(waits, 95)), 1),
    }  # fmt: skip


if __name__ == "__main__":
    main()
