"""What is watched, whoever watches it: one query for all of a kind. Whether they may see it was asked before."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.documents.repository import pages
from domain.models import Collection, CrawlPage, CrawlRun, CrawlSource, Document, Job, PageState, Status


@dataclass(frozen=True, slots=True)
class CrawlState:
    """A crawl with its newest run, that run's job, and how many URLs wait."""

    source: CrawlSource
    run: CrawlRun | None
    job: Job | None
    queued: int


def documents(session: Session, ids: Sequence[str]) -> dict[str, Document]:
    living = select(Document).where(Document.status != Status.DELETED)
    return {row.id: row for page in pages(ids) for row in session.scalars(living.where(Document.id.in_(page)))}


def jobs(session: Session, ids: Sequence[str]) -> dict[str, Job]:
    return {row.id: row for page in pages(ids) for row in session.scalars(select(Job).where(Job.id.in_(page)))}


def crawls(session: Session, ids: Sequence[str]) -> dict[str, CrawlState]:
    found: dict[str, CrawlState] = {}
    for page in pages(ids):
        living = select(Collection.id).where(Collection.deleted_at.is_(None))
        query = select(CrawlSource).where(CrawlSource.id.in_(page), CrawlSource.deleted_at.is_(None))
        sources = session.scalars(query.where(CrawlSource.collection_id.in_(living))).all()
        runs = _newest_runs(session, page)
        of_runs = jobs(session, [run.job_id for run in runs.values()])
        waiting = _queued(session, page)
        for source in sources:
            run = runs.get(source.id)
            job = of_runs.get(run.job_id) if run else None
            found[source.id] = CrawlState(source, run, job, waiting.get(source.id, 0))
    return found


def _newest_runs(session: Session, source_ids: Sequence[str]) -> dict[str, CrawlRun]:
    newest = select(func.max(CrawlRun.id)).where(CrawlRun.source_id.in_(source_ids)).group_by(CrawlRun.source_id)
    return {run.source_id: run for run in session.scalars(select(CrawlRun).where(CrawlRun.id.in_(newest)))}


def _queued(session: Session, source_ids: Sequence[str]) -> dict[str, int]:
    query = select(CrawlPage.source_id, func.count()).where(
        CrawlPage.source_id.in_(source_ids), CrawlPage.state == PageState.QUEUED
    )
    return dict(session.execute(query.group_by(CrawlPage.source_id)).tuples().all())
