"""Queries of a crawl's frontier: the pages of one source. System work, fenced by the run's lease."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Row, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.ids import Prefix, new_id
from crawler.frontier import Claimed, Found, Validators, Via
from domain.crawls.repository import key_of
from domain.documents.repository import pages as slices
from domain.models import (
    Collection,
    CrawlChange,
    CrawlPage,
    CrawlRun,
    CrawlSource,
    Document,
    PageState,
    RunState,
    Status,
    Workspace,
)

MAX_PLACES = 100  # keys in one NOT IN (…)
BEGUN_TOGETHER = 500  # pages that one transaction puts into the queue again
FORGOTTEN_AFTER = 5  # runs in which a link led nowhere: the page that held it may be another by now


def held_run(session: Session, run_id: str, lease_id: str) -> tuple[CrawlRun, CrawlSource] | None:
    """The run, locked, as long as `lease_id` holds it and its collection and workspace are there."""
    living = (Workspace.deleted_at.is_(None), Collection.deleted_at.is_(None))
    query = (
        select(CrawlRun, CrawlSource)
        .join(CrawlSource, CrawlSource.id == CrawlRun.source_id)
        .join(Collection, Collection.id == CrawlSource.collection_id)
        .join(Workspace, Workspace.id == CrawlRun.workspace_id)
        .where(CrawlRun.id == run_id, CrawlRun.lease_id == lease_id, *living)
        .where(CrawlRun.state.in_((RunState.RUNNING, RunState.PAUSED)))
        .with_for_update(of=CrawlRun)
        .execution_options(populate_existing=True)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def lock_source(session: Session, source_id: str) -> None:
    """Without its key: pages may be added to it."""
    session.execute(select(CrawlSource.id).where(CrawlSource.id == source_id).with_for_update(key_share=True))


def unlease(session: Session, run_id: str, lease_id: str) -> None:
    """The run is not held by `lease_id` any more; whoever else holds it keeps it."""
    session.execute(update(CrawlRun).where(CrawlRun.id == run_id, CrawlRun.lease_id == lease_id).values(lease_id=None))


def run_with_source(session: Session, run_id: str) -> tuple[CrawlRun, CrawlSource] | None:
    """The run, locked, whoever holds it."""
    query = select(CrawlRun, CrawlSource).join(CrawlSource, CrawlSource.id == CrawlRun.source_id)
    row = session.execute(query.where(CrawlRun.id == run_id).with_for_update(of=CrawlRun)).one_or_none()
    return None if row is None else (row[0], row[1])


def pages_of(session: Session, run_id: str) -> int | None:
    """How many pages the run took; None where it is no more."""
    return session.scalar(select(CrawlRun.pages).where(CrawlRun.id == run_id))


def is_living(session: Session, source: CrawlSource) -> bool:
    """Whether the source, its collection and its workspace are there."""
    if source.deleted_at is not None:
        return False
    gone = (Workspace.deleted_at.is_not(None)) | (Collection.deleted_at.is_not(None))
    query = select(Collection.id).join(Workspace, Workspace.id == Collection.workspace_id)
    return session.scalar(query.where(Collection.id == source.collection_id, gone)) is None


def due(session: Session, source_id: str, limit: int, besides: Several[str]) -> list[Claimed]:
    """URLs to visit now, in their order."""
    query = select(CrawlPage).where(
        CrawlPage.source_id == source_id, CrawlPage.state == PageState.QUEUED, CrawlPage.due_at <= utc_now()
    )
    # more than fit into the query are left out here
    named = list(besides)[:MAX_PLACES]
    query = query.where(CrawlPage.id.not_in(named)) if named else query
    rows = session.scalars(query.order_by(CrawlPage.rank, CrawlPage.id).limit(limit + len(besides) - len(named)))
    return [_claimed(row) for row in rows if row.id not in besides][:limit]


def waiting(session: Session, source_id: str) -> tuple[int, float]:
    """How many URLs wait, and seconds until the first of them is due."""
    query = select(func.count(), func.min(CrawlPage.due_at)).where(
        CrawlPage.source_id == source_id, CrawlPage.state == PageState.QUEUED
    )
    count, first = session.execute(query).one()
    return count, 0.0 if first is None else max(0.0, (first - utc_now()).total_seconds())


def known(session: Session, source_id: str, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that are in the list of the source."""
    found: set[str] = set()
    for page in slices(keys):
        query = select(CrawlPage.key).where(CrawlPage.source_id == source_id, CrawlPage.key.in_(page))
        found.update(session.scalars(query))
    return found


def count(session: Session, source_id: str) -> int:
    return session.scalar(select(func.count()).where(CrawlPage.source_id == source_id)) or 0


def add(session: Session, source: CrawlSource, run_id: str, found: Iterable[tuple[str, Found]]) -> None:
    """New URLs, by their keys: to be visited, or listed with what is against it."""
    now = utc_now()
    rows = [_row(source, run_id, key, one, now) for key, one in found]
    if rows:
        session.execute(insert(CrawlPage), rows)


def set_dates(session: Session, source_id: str, dates: dict[str, Any]) -> None:
    """What sitemaps say of pages that are known, by their keys."""
    for page in slices(sorted(dates)):
        rows = session.execute(
            select(CrawlPage.id, CrawlPage.key).where(CrawlPage.source_id == source_id, CrawlPage.key.in_(page))
        ).all()
        if rows:
            session.execute(update(CrawlPage), [{"id": row.id, "modified": dates[row.key]} for row in rows])


def store(session: Session, rows: list[dict[str, Any]]) -> None:
    """New values of pages, each with its id; all with the same columns."""
    if rows:
        session.execute(update(CrawlPage), rows)


def store_changes(session: Session, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(CrawlChange), [{**row, "id": new_id(Prefix.CHANGE)} for row in rows])


def documents_of(session: Session, page_ids: Sequence[str]) -> dict[str, str]:
    """Ids of the documents that pages have, by the pages' ids."""
    query = select(CrawlPage.id, CrawlPage.document_id).where(CrawlPage.id.in_(page_ids))
    return {row.id: row.document_id for row in session.execute(query) if row.document_id}


def fingerprints(session: Session, source_id: str) -> list[CrawlPage]:
    """Indexed pages whose text can be compared."""
    query = select(CrawlPage).where(
        CrawlPage.source_id == source_id, CrawlPage.document_id.is_not(None), CrawlPage.text_hash.is_not(None)
    )
    return list(session.scalars(query.order_by(CrawlPage.id)))


def urls(session: Session, source_id: str, limit: int) -> list[str]:
    return list(session.scalars(select(CrawlPage.url).where(CrawlPage.source_id == source_id).limit(limit)))


def begin_again(session: Session, source_id: str, began: datetime, after: str) -> str | None:
    """Some known pages, those whose keys follow `after`, are to be visited again; the last one's key, None at the end.

    Those with a document come first, so that a limit keeps the same ones. Validators hold only for what is searchable:
    a document that failed or was deleted is fetched in full. What is begun is due since `began`, the time of its run,
    so it is not begun twice by who starts anew after a crash.
    """
    mine = CrawlPage.source_id == source_id
    following = select(CrawlPage.key).where(mine, CrawlPage.key > after).order_by(CrawlPage.key).limit(BEGUN_TOGETHER)
    keys = session.scalars(following).all()
    if keys:
        is_begun = (CrawlPage.state == PageState.QUEUED) & (CrawlPage.due_at == began)
        _begin_again(session, (mine, CrawlPage.key > after, CrawlPage.key <= keys[-1], ~is_begun), began)
    return keys[-1] if len(keys) == BEGUN_TOGETHER else None


def _begin_again(session: Session, mine: tuple[ColumnElement[bool], ...], began: datetime) -> None:
    stale = (CrawlPage.state == PageState.MISSING) & (CrawlPage.misses >= FORGOTTEN_AFTER)
    session.execute(delete(CrawlPage).where(*mine, (CrawlPage.state == PageState.GONE) | stale))
    good = select(Document.id).where(Document.id == CrawlPage.document_id, Document.status == Status.COMPLETED)
    lost = ~good.exists()
    blank = dict.fromkeys(("etag", "last_modified", "content_hash", "signature", "text_hash", "near_hash"))
    session.execute(update(CrawlPage).where(*mine, lost).values(**blank))
    exists = select(Document.id).where(Document.id == CrawlPage.document_id, Document.status != Status.DELETED)
    session.execute(update(CrawlPage).where(*mine, ~exists.exists()).values(document_id=None))
    lists = CrawlPage.via.in_((Via.SITEMAP, Via.FEED))
    served = CrawlPage.document_id.is_not(None)
    first = case((lists, -1), (CrawlPage.via == Via.START, 0), (served, 0), else_=CrawlPage.depth + 1)
    misses = case((CrawlPage.state == PageState.MISSING, CrawlPage.misses), else_=0)
    fresh = {
        "state": PageState.QUEUED, "rank": first, "tries": 0, "misses": misses, "due_at": began, "hops": 0,
    }  # fmt: skip
    session.execute(update(CrawlPage).where(*mine, CrawlPage.code.is_distinct_from("TRAP")).values(**fresh))


def begin_page(session: Session, page_id: str) -> None:
    """One page is to be visited, and read whatever its validators say."""
    blank = dict.fromkeys(("etag", "last_modified", "modified"))
    fresh = {"state": PageState.QUEUED, "rank": 0, "tries": 0, "misses": 0, "due_at": utc_now()}
    session.execute(update(CrawlPage).where(CrawlPage.id == page_id).values(**fresh, **blank))


def close_list(session: Session, source_id: str, limit: int) -> int:
    """URLs that are still queued when the run is over are listed as beyond its limit, at most `limit` now; how many."""
    waiting = select(CrawlPage.id).where(CrawlPage.source_id == source_id, CrawlPage.state == PageState.QUEUED)
    queued = (CrawlPage.id.in_(waiting.limit(limit)),)
    beyond = {"state": PageState.SKIPPED, "code": "MAX_PAGES", "reason": "It was found, but lies beyond max_pages."}
    result = session.execute(update(CrawlPage).where(*queued).values(**beyond))
    return result.rowcount if isinstance(result, CursorResult) else 0


def drop_documents(session: Session, source_id: str, limit: int) -> list[str]:
    """Ids of some documents whose pages are beyond the limit now; the pages let go of them."""
    beyond = (
        CrawlPage.source_id == source_id, CrawlPage.state == PageState.SKIPPED, CrawlPage.code == "MAX_PAGES",
        CrawlPage.document_id.is_not(None),
    )  # fmt: skip
    rows = session.execute(select(CrawlPage.id, CrawlPage.document_id).where(*beyond).limit(limit)).all()
    let_go = update(CrawlPage).where(CrawlPage.id.in_([row.id for row in rows]))
    session.execute(let_go.values(document_id=None).execution_options(synchronize_session=False))
    return [row.document_id for row in rows if row.document_id is not None]


def any_pages(session: Session, source_id: str, limit: int) -> Sequence[Row[str, str | None]]:
    """Some pages of a source that is removed, and their documents."""
    return session.execute(
        select(CrawlPage.id, CrawlPage.document_id).where(CrawlPage.source_id == source_id).limit(limit)
    ).all()


def documents_elsewhere(session: Session, source_id: str, document_ids: Sequence[str]) -> set[str]:
    """Those of `document_ids` that a page of another source has, too."""
    query = select(CrawlPage.document_id).where(CrawlPage.document_id.in_(document_ids))
    return {one for one in session.scalars(query.where(CrawlPage.source_id != source_id)) if one is not None}


def forget_pages(session: Session, page_ids: Sequence[str]) -> None:
    session.execute(delete(CrawlPage).where(CrawlPage.id.in_(page_ids)).execution_options(synchronize_session=False))


def forget_changes(session: Session, source_id: str, limit: int) -> int:
    """Some of what the runs of a source changed; how many."""
    runs = select(CrawlRun.id).where(CrawlRun.source_id == source_id)
    ids = session.scalars(select(CrawlChange.id).where(CrawlChange.run_id.in_(runs)).limit(limit)).all()
    session.execute(delete(CrawlChange).where(CrawlChange.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)


def forget_some(session: Session, source_id: str, limit: int) -> bool:
    """Some of the page list and of the changes of a source; whether there was anything."""
    pages = [page.id for page in any_pages(session, source_id, limit)]
    forget_pages(session, pages)
    return bool(pages) or forget_changes(session, source_id, limit) > 0


def source_ids(session: Session, which: ColumnElement[bool]) -> Sequence[str]:
    return session.scalars(select(CrawlSource.id).where(which)).all()


def deleted_source(session: Session, source_id: str) -> CrawlSource | None:
    """Locked."""
    query = select(CrawlSource).where(CrawlSource.id == source_id, CrawlSource.deleted_at.is_not(None))
    return session.scalar(query.with_for_update(key_share=True))


def state_of(session: Session, run_id: str, lease_id: str) -> str | None:
    """None for a run that `lease_id` does not hold any more."""
    return session.scalar(select(CrawlRun.state).where(CrawlRun.id == run_id, CrawlRun.lease_id == lease_id))


def start_of(session: Session, source_id: str) -> list[CrawlPage]:
    """The start and what it redirects to."""
    query = select(CrawlPage).where(CrawlPage.source_id == source_id, CrawlPage.via == Via.START)
    return list(session.scalars(query.order_by(CrawlPage.id)))


def _claimed(row: CrawlPage) -> Claimed:
    return Claimed(
        key=row.id,
        url=row.url,
        via=Via(row.via),
        depth=row.depth,
        hops=row.hops,
        tries=row.tries,
        misses=row.misses,
        validators=Validators(row.etag, row.last_modified),
        content_hash=row.content_hash,
        signature=row.signature,
        modified=row.modified,
        fetched_at=row.fetched_at,
    )


def _row(source: CrawlSource, run_id: str, key: str, found: Found, now: Any) -> dict[str, Any]:
    code, reason = found.refusal or (None, None)
    return {
        "id": new_id(Prefix.PAGE),
        "workspace_id": source.workspace_id,
        "source_id": source.id,
        "key": key,
        "url": found.url,
        "via": found.via,
        "depth": found.depth,
        "hops": found.hops,
        "rank": 0 if found.via in (Via.START, Via.SITEMAP, Via.FEED) else found.depth + 1,
        "state": PageState.SKIPPED if found.refusal else PageState.QUEUED,
        "code": code,
        "reason": reason,
        "modified": found.modified,
        "due_at": now,
        "run_id": run_id,
        "created_at": now,
    }


def keyed(found: Iterable[Found]) -> dict[str, Found]:
    """Found URLs by their keys, the first of each page; one that may be fetched wins over a refused one."""
    chosen: dict[str, Found] = {}
    for one in found:
        key = key_of(one.url)
        if key not in chosen or (chosen[key].refusal is not None and one.refusal is None):
            chosen[key] = one
    return chosen
