"""What must hold after every fault, once the work has settled."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from evals.faults.load import Client


@dataclass
class Verdict:
    """Violations by kind; empty when all invariants hold."""

    documents: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)  # what the reconciler found and mended
    examples: list[str] = field(default_factory=list)

    def add(self, kind: str, what: str) -> None:
        self.violations[kind] += 1
        if len(self.examples) < 10:
            self.examples.append(f"{kind}: {what}")


def check(client: Client) -> Verdict:
    """No accepted document lost, none twice, every completed one searchable by its newest content, none left on its
    way; no orphan and nothing missing in index and blob store."""
    verdict = Verdict()
    rows = client.documents()
    verdict.documents = len(rows)
    _records(client, rows, verdict)
    _uploads(client, {row["id"]: row["status"] for row in rows}, verdict)
    _reconciled(client, verdict)
    return verdict


def _reconciled(client: Client, verdict: Verdict) -> None:
    """A process that dies between storing a file and writing its row leaves the file: the reconciler's to remove.
    Points and documents must be right without it, and nothing at all may be left after it."""
    for kind, count in client.reconcile().items():
        (verdict.repaired if kind in ("orphan_blobs", "unused_embeddings") else verdict.violations)[kind] += count
    client.settle()
    for kind, count in client.reconcile().items():
        verdict.violations[f"{kind} after the reconciler"] += count


def _records(client: Client, rows: list[dict[str, Any]], verdict: Verdict) -> None:
    ledger = client.ledger
    status = {row["external_id"]: row["status"] for row in rows if row["external_id"]}
    for name, count in Counter(row["external_id"] for row in rows if row["external_id"]).items():
        if count > 1:
            verdict.add("twice", name)
    for name in sorted(set(ledger.marks) - ledger.deleted):
        state = status.get(name, "lost")
        if state in ("lost", "PROCESSING", "FAILED"):
            verdict.add(state.lower(), name)
        elif state == "COMPLETED" and name not in ledger.cancelled and not client.finds(ledger.marks[name]):
            verdict.add("not searchable", name)
    for name in sorted(ledger.deleted):
        if name in status or client.finds(ledger.marks[name]):
            verdict.add("not deleted", name)


def _uploads(client: Client, status: dict[str, str], verdict: Verdict) -> None:
    for identifier, mark in client.ledger.uploads.items():
        if identifier not in status:
            verdict.add("lost", identifier)
        elif len({row["document_id"] for row in client.finds(mark)}) != 1:
            verdict.add("not searchable once", identifier)
