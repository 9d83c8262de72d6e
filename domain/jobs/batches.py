"""Batches: items become documents of one job as they are read, a page a transaction.

So a batch of any size stands in no memory and holds up nobody's writes. Its job is open until the last page; what was
taken before something went wrong stays, and the error says how much that was (`details`: `taken`, `job_id`).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice

from sqlalchemy.orm import Session

from core.database import Database, patiently
from core.errors import InsydrError, InvalidInput, TooManyRequests
from core.ids import Prefix, new_id
from core.queue import leases
from core.queue.heartbeat import Heartbeat
from core.queue.outbox import enqueue, withdraw
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.documents.intake import Intake
from domain.documents.items import Item, Refused, last_of_each
from domain.documents.repository import DocumentRepository
from domain.documents.service import QUEUE_FULL_RETRY_S, DocumentService
from domain.jobs.jobs import END_BATCH, RECEIVING_S
from domain.jobs.repository import MAX_ERRORS, close, credit
from domain.models import Job, JobKind, JobStatus
from domain.principal import Principal

PAGE = 128
Entry = Item | Refused


class BatchReceiver:
    """One batch. `most` documents of the workspace may wait in all, those of this batch among them."""

    def __init__(self, database: Database, who: Principal, collection_id: str, *, most: int) -> None:
        self._database, self._who, self._collection_id, self._most = database, who, collection_id, most
        self._job_id = new_id(Prefix.JOB)
        self._lease_id: str | None = None  # from the first page on, where there are more
        self._watch_id = ""  # the job that ends the batch if this process dies
        self._room = 0
        self._taken = 0
        self._refused_before: list[Refused] = []  # the first of them, as long as there is no item
        self._refused_count = 0

    def receive(self, entries: Iterable[Entry]) -> Job:
        """Queue the batch; refused items count as failed, unchanged ones as completed.

        Raises `InvalidInput` when nothing can be taken, `TooManyRequests` when the queue is full before its end.
        """
        with patiently(), ExitStack() as held:
            try:
                return self._receive(entries, held)
            except InsydrError as error:
                self._interrupt(error)
                raise

    def _receive(self, entries: Iterable[Entry], held: ExitStack) -> Job:
        job: Job | None = None
        for page, is_last in _pages(entries):
            if job is None and not self._has_items(page):
                continue
            first = job is None
            job = self._store(page, first=first, last=is_last)
            if job.status == JobStatus.CANCELLED:
                return self._close(job)
            if first and self._lease_id is not None:
                beat = Heartbeat(self._database, self._lease_id, RECEIVING_S, lambda _: None)
                held.enter_context(beat.beating())
        if job is None:
            raise self._nothing()
        return self._close(job) if job.open else job

    def _has_items(self, page: Sequence[Entry]) -> bool:
        """Refusals wait for the first item: a batch of nothing else makes no job."""
        if any(isinstance(entry, Item) for entry in page):
            return True
        refused = [entry for entry in page if isinstance(entry, Refused)]
        self._refused_count += len(refused)
        self._refused_before = [*self._refused_before, *refused][:MAX_ERRORS]
        return False

    def _store(self, page: Sequence[Entry], *, first: bool, last: bool) -> Job:
        items = [entry for entry in page if isinstance(entry, Item)]
        room = self._room_for(len(items))
        left_out = items[room] if room < len(items) else None
        if left_out is not None and first and not room:
            raise self._full(left_out)
        kept, repeated = last_of_each(items[:room])
        problems = [*(entry for entry in page if isinstance(entry, Refused)), *repeated]
        with self._database.write() as session:
            job = self._begin(session, is_whole=last and left_out is None) if first else self._job(session)
            if job.status == JobStatus.CANCELLED:
                return job
            before = self._refused_count if first else 0
            DocumentService(session, self._who).check_upload(self._collection_id)
            intake = Intake(session, self._who, self._collection_id, self._job_id)
            taken = intake.add(kept)
            problems += [Refused(item.place, error.code, error.message) for item, error in taken.refused]
            told = [*self._refused_before, *problems] if first else problems
            failed = len(problems) + before
            expected = len(taken.queued) + taken.unchanged + failed
            counted = credit(
                session, self._job_id, expected=expected, completed=taken.unchanged, failed=failed,
                errors=[problem.as_json() for problem in told],
            )  # fmt: skip
        self._room -= len(taken.queued)
        self._taken += len(taken.queued) + taken.unchanged
        if left_out is not None:
            raise self._full(left_out)
        return counted or job

    def _begin(self, session: Session, *, is_whole: bool) -> Job:
        job = Job(
            id=self._job_id, workspace_id=self._who.workspace_id, collection_id=self._collection_id,
            kind=JobKind.BATCH, open=not is_whole, errors=[], status=JobStatus.PROCESSING,
        )  # fmt: skip
        session.add(job)
        done(session, self._who, Action.BATCH_STARTED, job, collection_id=self._collection_id)
        if not is_whole:
            self._lease_id = leases.acquire(session, "batch", RECEIVING_S)
            self._watch_id = enqueue(session, END_BATCH, delay_s=RECEIVING_S, job_id=job.id, lease=self._lease_id)
        return job

    def _job(self, session: Session) -> Job:
        return session.get_one(Job, self._job_id, populate_existing=True)

    def _close(self, job: Job) -> Job:
        """The last page is in, or somebody cancelled the job."""
        with self._database.write() as session:
            close(session, job.id, JobStatus.COMPLETED, None)
            if self._lease_id is not None:
                self._let_go(session, self._lease_id)
            return self._job(session)

    def _interrupt(self, error: InsydrError) -> None:
        """What was taken goes on; the error tells of it."""
        if self._lease_id is None:
            return
        error.details |= {"taken": self._taken, "job_id": self._job_id}
        with self._database.write() as session:
            told = {"item": "", "code": error.code, "message": error.message}
            close(session, self._job_id, JobStatus.FAILED, None, told)
            self._let_go(session, self._lease_id)

    def _let_go(self, session: Session, lease_id: str) -> None:
        leases.release(session, lease_id)
        withdraw(session, self._watch_id)

    def _room_for(self, items: int) -> int:
        """Counted again only when what is known to be free is not enough."""
        if items > self._room:
            with self._database.read() as session:
                waiting = DocumentRepository(session, self._who).waiting(self._most)
            self._room = self._most - waiting
        return min(items, self._room)

    def _full(self, left_out: Item) -> TooManyRequests:
        where = f"line {left_out.line}" if left_out.line else f"“{left_out.file_name}”"
        return TooManyRequests(
            f"{self._taken:,} items of this batch were taken; now {self._most:,} documents of the workspace wait, and "
            f"more may not. Send the rest, from {where} on, when some of them are done.",
            retry_after_s=QUEUE_FULL_RETRY_S,
            code="QUEUE_FULL",
        )

    def _nothing(self) -> InvalidInput:
        if not self._refused_before:
            message = "The batch is empty: send one JSON object a line, files, or a ZIP."
            return InvalidInput(message, code="EMPTY_BATCH")
        first = self._refused_before[0]
        return InvalidInput(f"Nothing in the batch can be taken. {first.where}: {first.message}", code=first.code)


def _pages(entries: Iterable[Entry]) -> Iterator[tuple[list[Entry], bool]]:
    """Pages, and whether each is the last."""
    left = iter(entries)
    page = list(islice(left, PAGE))
    while page:
        following = list(islice(left, PAGE))
        yield page, not following
        page = following
