"""Outcomes of visits become documents, removals and a page list, in one transaction fenced by the run's lease."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import PlanLimit
from core.queue.outbox import enqueue
from crawler.frontier import Found, Outcome, Result
from domain.crawls import frontier_repository
from domain.documents.endings import remove
from domain.documents.intake import Intake
from domain.documents.items import Item
from domain.documents.jobs import DROP_BLOBS
from domain.documents.repository import DocumentRepository, lock_documents
from domain.jobs.repository import expect
from domain.models import Change, CrawlRun, CrawlSource, PageState
from domain.principal import Principal

STATES = {
    Result.CONTENT: PageState.INDEXED,
    Result.UNCHANGED: PageState.INDEXED,
    Result.READ: PageState.READ,
    Result.REDIRECTED: PageState.REDIRECTED,
    Result.SKIPPED: PageState.SKIPPED,
    Result.FAILED: PageState.FAILED,
}
BLANK: dict[str, Any] = dict.fromkeys(
    ("etag", "last_modified", "content_hash", "signature", "text_hash", "near_hash", "figures", "words")
)
RETIRED = (Result.REDIRECTED, Result.SKIPPED)
ASKED_TWICE = 2


@dataclass(slots=True)
class OutcomeWriter:
    """One group. `items` are the contents, stored already, by the keys of their pages."""

    session: Session
    who: Principal
    run: CrawlRun
    source: CrawlSource
    items: dict[str, Item]
    room: int  # URLs that may still be listed
    seen: set[str]  # keys that are known to be listed; new ones are added by the caller after the commit
    added: int = 0  # URLs that were not listed before
    _queued: int = 0
    _refused: dict[str, PlanLimit] = field(default_factory=dict)  # by the keys of their pages
    _counts: Counter[str] = field(default_factory=Counter)
    _skipped: Counter[str] = field(default_factory=Counter)
    _changes: list[dict[str, Any]] = field(default_factory=list)

    def store(self, outcomes: Sequence[Outcome]) -> set[str]:
        """Everything of the group; the keys of the URLs that it listed or found listed."""
        documents = frontier_repository.documents_of(self.session, [one.claimed.key for one in outcomes])
        taken = self._take_in()
        outcomes = [_refused(one, self._refused.get(one.claimed.key)) for one in outcomes]
        rows, retired = [], list[str]()
        for outcome in outcomes:
            key = outcome.claimed.key
            old = documents.get(key)
            row = self._row(outcome, taken.get(key) or old)
            if old and row["document_id"] != old:
                retired.append(old)
            self._count(outcome, row, old)
            rows.append(row)
        self._retire(retired)
        frontier_repository.store(self.session, rows)
        frontier_repository.store_changes(self.session, self._changes)
        expect(self.session, self.run.job_id, self._queued)  # after all documents are locked, as workers do it
        listed = self._list([found for outcome in outcomes for found in outcome.found])
        self._add_up(outcomes)
        return listed

    def _take_in(self) -> dict[str, str]:
        """New documents and versions; the documents' ids by the keys of their pages. What the plan has no room for
        becomes a failed page, which counts, so that no site is read to its end in vain."""
        if not self.items:
            return {}
        items = list(self.items.values())
        intake = Intake(self.session, self.who, self.source.collection_id, self.run.job_id)
        added = intake.add(items)
        self._queued = len(added.queued)
        keys = {item.external_id: key for key, item in self.items.items()}
        self._refused = {keys[item.external_id]: error for item, error in added.refused}
        if len(added.queued) < len(items):
            enqueue(self.session, DROP_BLOBS, keys=items[0].blob_key)  # unless another item of it was taken
        names = [item.external_id for item in items if item.external_id]
        found = DocumentRepository(self.session, self.who).by_external_ids(self.source.collection_id, names)
        return {key: found[item.external_id].id for key, item in self.items.items() if item.external_id in found}

    def _row(self, outcome: Outcome, document_id: str | None) -> dict[str, Any]:
        claimed, now = outcome.claimed, utc_now()
        row: dict[str, Any] = {
            "id": claimed.key, "code": outcome.code, "reason": outcome.reason, "http_status": outcome.status,
            "target": outcome.target, "run_id": self.run.id, "visited_at": now, "document_id": document_id,
            "tries": claimed.tries, "misses": claimed.misses, "due_at": now, "fetched_at": claimed.fetched_at,
            "etag": claimed.validators.etag, "last_modified": claimed.validators.last_modified,
        }  # fmt: skip
        if outcome.result is Result.LATER:
            return row | _later(outcome)
        if outcome.result is Result.MISSING:
            return row | self._missing(outcome, document_id)
        if outcome.result in (Result.CONTENT, Result.UNCHANGED):
            row |= {"fetched_at": now}
            if outcome.validators:
                row |= {"etag": outcome.validators.etag, "last_modified": outcome.validators.last_modified}
        if outcome.content is not None:
            row |= _known_of(outcome)
        if outcome.result in RETIRED:
            row |= {"document_id": None} | BLANK
        return row | {"state": STATES[outcome.result]}

    def _missing(self, outcome: Outcome, document_id: str | None) -> dict[str, Any]:
        """A page that was there is asked for twice before it counts as gone; a link that leads nowhere only once."""
        misses = outcome.claimed.misses + 1
        if document_id is None:
            return {"state": PageState.MISSING, "misses": misses}
        if misses < ASKED_TWICE:
            return {"state": PageState.QUEUED, "misses": misses, "due_at": _in(outcome.delay_s)}
        return {"state": PageState.GONE, "misses": misses, "document_id": None} | BLANK

    def _count(self, outcome: Outcome, row: dict[str, Any], old: str | None) -> None:
        if row["state"] == PageState.QUEUED:
            return
        change = _change(outcome, old, row)
        name = {
            Result.CONTENT: "changed" if old else "new", Result.UNCHANGED: "unchanged", Result.READ: "lists",
            Result.REDIRECTED: "redirected", Result.SKIPPED: "skipped", Result.FAILED: "failed",
            Result.MISSING: "gone" if old else "broken",
        }[outcome.result]  # fmt: skip
        self._counts[name] += 1
        if old and outcome.result in RETIRED:
            self._counts["gone"] += 1
        if outcome.result is Result.SKIPPED:
            self._skipped[outcome.code or ""] += 1
        if change is not None:
            self._changes.append({
                "workspace_id": self.run.workspace_id, "run_id": self.run.id, "url": outcome.claimed.url,
                "change": change, "code": outcome.code, "reason": outcome.reason,
                "document_id": row["document_id"] or old, "created_at": utc_now(),
            })  # fmt: skip

    def _retire(self, document_ids: Sequence[str]) -> None:
        remove(self.session, lock_documents(self.session, document_ids))

    def _list(self, found: Sequence[Found]) -> set[str]:
        """URLs that are not listed yet, as far as there is room; dates of those that are."""
        if self.run.page_id is not None:
            return set()
        by_key = frontier_repository.keyed(found)
        open_keys = [key for key in by_key if key not in self.seen]
        known = frontier_repository.known(self.session, self.source.id, open_keys)
        new = [(key, by_key[key]) for key in open_keys if key not in known][: max(0, self.room)]
        frontier_repository.add(self.session, self.source, self.run.id, new)
        old = by_key.keys() - {key for key, _ in new}
        dates = {key: by_key[key].modified for key in old if by_key[key].modified is not None}
        frontier_repository.set_dates(self.session, self.source.id, dates)
        refused = [one.refusal[0] for _, one in new if one.refusal is not None]
        self.added = len(new)
        self._counts["found"] += len(new)
        self._counts["skipped"] += len(refused)
        self._skipped.update(refused)
        return known | {key for key, _ in new}

    def _add_up(self, outcomes: Sequence[Outcome]) -> None:
        self._counts["visited"] += sum(outcome.status is not None for outcome in outcomes)
        self.run.pages += sum(self._counts[name] for name in ("new", "changed", "unchanged")) + len(self._refused)
        self.run.counts = _sum(self.run.counts, self._counts)
        self.run.skipped = _sum(self.run.skipped, self._skipped)
        for outcome in outcomes:
            if outcome.moved_site is not None:
                self.source.site = outcome.moved_site


def _refused(outcome: Outcome, error: PlanLimit | None) -> Outcome:
    """A page whose content the plan has no room for; one that was taken before keeps what it had."""
    if error is None:
        return outcome
    return replace(outcome, result=Result.FAILED, code=error.code, reason=error.message, content=None, fingerprint=None)


def _change(outcome: Outcome, old: str | None, row: dict[str, Any]) -> Change | None:
    if outcome.result is Result.CONTENT:
        return Change.CHANGED if old else Change.NEW
    if old and row["document_id"] is None:
        return Change.GONE
    broken = outcome.result is Result.FAILED or row["state"] == PageState.MISSING
    return Change.FAILED if broken else None


def _later(outcome: Outcome) -> dict[str, Any]:
    claimed = outcome.claimed
    if outcome.url is not None:
        return {"state": PageState.QUEUED, "url": outcome.url, "hops": claimed.hops + 1}
    return {"state": PageState.QUEUED, "tries": claimed.tries + 1, "due_at": _in(outcome.delay_s)}


def _known_of(outcome: Outcome) -> dict[str, Any]:
    """What later visits and other pages are compared with."""
    content, print_ = outcome.content, outcome.fingerprint
    assert content is not None
    return {
        "content_hash": content.content_hash, "signature": content.signature,
        "text_hash": print_.exact if print_ else None, "near_hash": f"{print_.near:016x}" if print_ else None,
        "figures": print_.figures if print_ else None, "words": print_.words if print_ else None,
    }  # fmt: skip


def _in(delay_s: float) -> Any:
    return utc_now() + timedelta(seconds=delay_s)


def _sum(old: dict[str, Any], new: Counter[str]) -> dict[str, Any]:
    return dict(Counter(old) + Counter(new))
