"""What a deleted crawl leaves: its documents and its page list go a page at a time, then the source itself."""

from sqlalchemy.orm import Session

from domain.crawls import frontier_repository
from domain.documents.endings import PAGE, remove
from domain.documents.repository import lock_documents
from domain.models import CrawlSource


def remove_page(session: Session, source: CrawlSource) -> bool:
    """Remove some pages of a deleted source and, unless they are kept, their documents; whether there may be more.

    A document that another crawl has brought again meanwhile is that crawl's.
    """
    pages = frontier_repository.any_pages(session, source.id, PAGE)
    if not source.keeps_documents:
        ids = sorted({page.document_id for page in pages if page.document_id})
        elsewhere = frontier_repository.documents_elsewhere(session, source.id, ids)
        remove(session, lock_documents(session, [one for one in ids if one not in elsewhere]))
    frontier_repository.forget_pages(session, [page.id for page in pages])
    if len(pages) == PAGE or frontier_repository.forget_changes(session, source.id, PAGE) == PAGE:
        return True
    session.delete(source)
    return False


def drop_page(session: Session, source_id: str) -> bool:
    """Remove some documents whose pages are beyond the limit now; whether there may be more."""
    ids = frontier_repository.drop_documents(session, source_id, PAGE)
    remove(session, lock_documents(session, ids))
    return len(ids) == PAGE
