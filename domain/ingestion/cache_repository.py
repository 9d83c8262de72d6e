"""Cached embeddings go with the last text that they were made for."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.embedding import cache
from domain.models import ChunkRow

PAGE = 500


def forget_unused(session: Session, workspace_id: str, hashes: Iterable[str]) -> None:
    """Cached embeddings of text that no chunk of the workspace has any more."""
    left = sorted(hashes)
    for start in range(0, len(left), PAGE):
        page = left[start : start + PAGE]
        used = select(ChunkRow.text_hash).where(ChunkRow.workspace_id == workspace_id, ChunkRow.text_hash.in_(page))
        cache.forget(session, workspace_id, sorted(set(page) - set(session.scalars(used))))
