"""The loop that closes gaps as users meet it: questions are asked while what answers them is missing, then it comes.

    python -m evals.gap_loop --data DATA/datatalks-tune [--data …] [--questions 100] [--others 200] [--pages FOLDER]

A running service is asked over HTTP. First it has only documents that answer none of the questions; then those that do
come, and they are deleted again. A document is wrong where it is relevant to none of the questions of the item.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.progress import track

from evals.datasets.load import load, sampled
from evals.datasets.model import DataSet, Source
from evals.service import Service, running_service

SETTLED_S, PATIENCE_S = 60.0, 300.0
PAGE = 100
AIMS = {"resolved": 0.6, "by a wrong document": 0.1, "reopened": 0.95}


@dataclass(frozen=True, slots=True)
class Loop:
    service: Service
    data: DataSet
    collection: str
    agent: str
    console: Console

    def bring(self, sources: Sequence[Source]) -> None:
        """Until all are searchable."""
        lines = [
            json.dumps({"text": one.text, "title": one.title or one.id, "external_id": one.id}).encode()
            for one in sources if one.path is None
        ]  # fmt: skip
        if lines:
            path = f"/documents/batch?collection_id={self.collection}"
            headers = {"Content-Type": "application/x-ndjson"}
            self.service.wait(self.service.call("POST", path, content=b"\n".join(lines), headers=headers))
        fields = {"collection_id": self.collection}
        for one in sources:
            if one.path is not None:
                file = {"file": (one.path.name, one.path.read_bytes())}
                self.service.call(
                    "POST", "/documents?duplicates=allow", files=file, data=fields | {"external_id": one.id}
                )
        self.until("documents", lambda: self._total("/documents?status=PROCESSING") == 0, PATIENCE_S)

    def ask(self) -> int:
        """How many were not answered."""
        failed = 0
        for one in track(self.data.questions, f"{self.data.name}: asking …", console=self.console):
            reply = self.service.call("POST", f"/agents/{self.agent}/test", json={"message": one.text})
            failed += not reply["answered"]
        return failed

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self.service.call("GET", f"/analytics/unanswered?limit={PAGE}&offset={len(found)}")["unanswered"]
            found += page
            if len(page) < PAGE:
                return found

    def relevant(self, item: dict[str, Any]) -> set[str]:
        """Documents that answer any of its questions."""
        texts = {one.text.strip(): one.relevant for one in self.data.questions}
        path = f"/analytics/unanswered/{item['id']}/phrasings"
        said = [one["question"].strip() for one in self.service.call("GET", path)["phrasings"]]
        return {document for text in said for document in texts.get(text, {})}

    def remove(self) -> int:
        """All documents; how many there were."""
        gone = 0
        while found := self.service.call("GET", f"/documents?limit={PAGE}")["documents"]:
            for one in found:
                self.service.call("DELETE", f"/documents/{one['id']}")
            gone += len(found)
        return gone

    def until(self, what: str, is_true: Callable[[], bool], patience_s: float) -> float:
        """Seconds that it took; `patience_s` where it was not to be."""
        began = time.monotonic()
        while not is_true():
            if time.monotonic() - began > patience_s:
                self.console.print(f"{what}: not within {patience_s:.0f} s")
                return patience_s
            time.sleep(0.5)
        return time.monotonic() - began

    def _total(self, path: str) -> int:
        return int(self.service.call("GET", path)["total"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--others", type=int, default=200, help="Documents that are there from the beginning.")
    parser.add_argument("--pages", type=Path, help="Folder of the site that a set asks about.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--losses", action="store_true", help="Print what was resolved by a wrong document, or not.")
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    for path in asked.data:
        data = load(path, pages=asked.pages)
        data = replace(data, questions=[one for one in data.questions if one.relevant and one.answerable])
        with running_service() as service:
            found[data.name] = _measured(service, sampled(data, asked.questions, asked.seed), asked)
    print(json.dumps(found, indent=1))
    return 0 if all(_is_good(one) for one in found.values()) else 1


def _measured(service: Service, data: DataSet, asked: argparse.Namespace) -> dict[str, Any]:
    golden = {document for one in data.questions for document in one.relevant}
    others = [one for one in data.sources if one.id not in golden]
    collection = service.call("POST", "/collections", json={"name": data.name})["id"]
    agent = service.call("POST", "/agents", json={"name": data.name, "collection_ids": [collection]})["id"]
    service.call("POST", f"/agents/{agent}/publish")
    loop = Loop(service, data, collection, agent, Console(stderr=True))
    loop.bring(Random(asked.seed).sample(others, min(asked.others, len(others))))
    failed = loop.ask()
    loop.until("grouping", lambda: sum(_phrasings(loop).values()) >= failed, SETTLED_S)
    before = {one["id"]: one for one in loop.items() if one["status"] == "OPEN"}
    loop.bring([one for one in data.sources if one.id in golden])
    took = _settled(lambda: [one["id"] for one in loop.items() if one["status"] == "RESOLVED"])
    after = [one for one in loop.items() if one["id"] in before]
    resolved = [one for one in after if one["status"] == "RESOLVED"]
    wrong = [one for one in resolved if one["resolved_by"]["external_id"] not in loop.relevant(one)]
    if asked.losses:
        _print(loop, after, wrong)
    gone = loop.remove()
    again_s = _settled(lambda: [one["id"] for one in loop.items() if one["status"] == "OPEN"])
    there = {one["id"] for one in loop.items() if one["status"] == "OPEN"}
    return {
        "asked": len(data.questions), "not answered": failed, "open items": len(before), "documents": gone,
        "resolved": _share(len(resolved), len(before)), "last resolved after, s": round(took, 1),
        "by a wrong document": _share(len(wrong), len(resolved)),
        "reopened": _share(sum(one["id"] in there for one in resolved), len(resolved)),
        "last reopened after, s": round(again_s, 1),
    }  # fmt: skip


def _settled(look: Callable[[], list[str]]) -> float:
    """After a minute; when what is looked at last changed."""
    began, last, changed = time.monotonic(), look(), 0.0
    while (passed := time.monotonic() - began) < SETTLED_S:
        now = look()
        if now != last:
            last, changed = now, passed
        time.sleep(1.0)
    return changed


def _phrasings(loop: Loop) -> dict[str, int]:
    """How often the questions of each item were asked."""
    found: dict[str, int] = defaultdict(int)
    for one in loop.items():
        found[one["id"]] += one["occurrences"]
    return found


def _print(loop: Loop, items: Sequence[dict[str, Any]], wrong: Sequence[dict[str, Any]]) -> None:
    for one in wrong:
        loop.console.print("WRONG", one["question"], "->", one["resolved_by"], "wanted", loop.relevant(one))
    for one in items:
        if one["status"] != "RESOLVED":
            loop.console.print("OPEN", one["question"])


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0


def _is_good(found: dict[str, Any]) -> bool:
    return bool(
        found["resolved"] >= AIMS["resolved"]
        and found["by a wrong document"] <= AIMS["by a wrong document"]
        and found["reopened"] >= AIMS["reopened"]
    )


if __name__ == "__main__":
    raise SystemExit(main())
