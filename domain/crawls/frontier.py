"""The engine's frontier in SQL: the URLs it asks for and the outcomes it stores, under the lease of a slice."""

import hashlib
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from tempfile import TemporaryFile

from core.blobs.protocol import BlobStore
from core.database import Database
from core.errors import InsydrError
from core.ids import Prefix, new_id
from crawler.frontier import Claimed, Content, Lost, Outcome, Remaining
from domain.crawls import frontier_repository
from domain.crawls.outcome_writer import OutcomeWriter
from domain.documents.items import MAX_EXTERNAL_ID, Item
from domain.documents.repository import DocumentRepository
from domain.models import SourceType
from domain.principal import Principal

LISTED_PER_PAGE = 20  # URLs that are remembered for each page that may be fetched …
LISTED_MORE = 1_000  # … and so many in any case
MAX_SEEN = 400_000


@dataclass(slots=True)
class SqlFrontier:
    """`seen` are keys of URLs that are listed, as far as this process knows: it spares questions."""

    database: Database
    blobs: BlobStore
    who: Principal
    run_id: str
    source_id: str
    lease_id: str
    max_pages: int
    worked_s: float  # in earlier slices
    began_at: float  # of this slice, monotonic
    seen: set[str] = field(default_factory=set)
    _listed: int | None = None

    def next(self, limit: int, besides: Collection[str]) -> list[Claimed]:
        with self.database.read() as session:
            return frontier_repository.due(session, self.source_id, limit, besides)

    def remaining(self) -> Remaining:
        with self.database.read() as session:
            queued, due_in_s = frontier_repository.waiting(session, self.source_id)
            pages = frontier_repository.pages_of(session, self.run_id)
        if pages is None:
            raise Lost
        return Remaining(queued, self.max_pages - pages, due_in_s)

    def apply(self, outcomes: Sequence[Outcome]) -> None:
        items, blob = self._stored(outcomes)
        try:
            with self.database.write() as session:
                if any(one.moved_site for one in outcomes):  # who controls a crawl locks its source before its run
                    frontier_repository.lock_source(session, self.source_id)
                held = frontier_repository.held_run(session, self.run_id, self.lease_id)
                if held is None:
                    raise Lost
                if self._listed is None:
                    self._listed = frontier_repository.count(session, self.source_id)
                room = LISTED_PER_PAGE * self.max_pages + LISTED_MORE - self._listed
                writer = OutcomeWriter(session, self.who, *held, items=items, room=room, seen=self.seen)
                listed = writer.store(outcomes)
                held[0].worked_s = self.worked_s + time.monotonic() - self.began_at
        except BaseException:
            if blob is not None:
                self._drop(blob)
            raise
        self._listed += writer.added
        if len(self.seen) < MAX_SEEN:
            self.seen |= listed

    def _drop(self, blob: str) -> None:
        """Unless rows name it after all: a commit may be done although the answer was lost. While the database or the
        store cannot be asked, it is left to the reconciler."""
        with suppress(InsydrError), self.database.read() as session:
            if not DocumentRepository(session, self.who).named_blobs([blob]):
                self.blobs.delete(blob)

    def _stored(self, outcomes: Sequence[Outcome]) -> tuple[dict[str, Item], str | None]:
        """The contents of the group in one blob, before any row names it."""
        contents = [(one.claimed, one.content) for one in outcomes if one.content is not None]
        if not contents:
            return {}, None
        blob = f"{self.who.workspace_id}/{new_id(Prefix.DOCUMENT)}"
        items: dict[str, Item] = {}
        with TemporaryFile() as file:
            for claimed, content in contents:
                items[claimed.key] = _item(claimed, content, blob, file.tell())
                file.write(content.body)
            file.seek(0)
            self.blobs.put(blob, file)
        return items, blob


def _item(claimed: Claimed, content: Content, blob: str, start: int) -> Item:
    return Item(
        file_name=content.file_name,
        blob_key=blob,
        blob_start=start,
        blob_bytes=len(content.body),
        content_hash=content.content_hash,
        external_id=external_id(claimed.url),
        source_type=SourceType.WEBSITE,
        source_url=claimed.url,
    )


def external_id(url: str) -> str:
    """The URL itself; of one that is too long the beginning and a hash."""
    if len(url) <= MAX_EXTERNAL_ID:
        return url
    return f"{url[: MAX_EXTERNAL_ID - 33]}#{hashlib.sha256(url.encode()).hexdigest()[:32]}"
