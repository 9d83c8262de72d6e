"""The embedding cache: unchanged chunks are not embedded again. Keyed by workspace: no timing oracle for others."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Index, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, Id, Tenancy
from core.database.conflicts import insert_into

Floats = npt.NDArray[np.float32]
_PAGE = 500  # below SQLite's limit of bound variables, with room


class CachedEmbedding(Base):
    """A unit vector as float16, 2 bytes a dimension: cosine to float32 above 0.9999."""

    __tablename__ = "embedding_cache"
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(Id, primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    text_hash: Mapped[str] = mapped_column(Id, primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    # whose text it was made for: a worker may die between this row and the chunk that would name it
    document_id: Mapped[str | None] = mapped_column(Id)

    __table_args__ = (Index("ix_embedding_cache_document", "workspace_id", "document_id"),)


def find(session: Session, workspace_id: str, model: str, hashes: Sequence[str]) -> dict[str, Floats]:
    """Vectors by text hash, float32, shape (d,); absent ones are absent."""
    found: dict[str, Floats] = {}
    for page in _pages(sorted(set(hashes))):
        query = select(CachedEmbedding.text_hash, CachedEmbedding.vector).where(
            CachedEmbedding.workspace_id == workspace_id,
            CachedEmbedding.model == model,
            CachedEmbedding.text_hash.in_(page),
        )
        for text_hash, vector in session.execute(query):
            found[text_hash] = np.frombuffer(vector, dtype=np.float16).astype(np.float32)
    return found


def store(session: Session, workspace_id: str, model: str, vectors: dict[str, tuple[Floats, str]]) -> None:
    """Keep by text hash: a vector and the document that it was made for. Those already kept stay."""
    if not vectors:
        return
    rows = [
        {"workspace_id": workspace_id, "model": model, "text_hash": key, "document_id": document_id,
         "vector": vector.astype(np.float16).tobytes()}
        for key, (vector, document_id) in sorted(vectors.items(), key=lambda entry: entry[0])
    ]  # fmt: skip
    session.execute(insert_into(session, CachedEmbedding).on_conflict_do_nothing(), rows)


def made_for(session: Session, workspace_id: str, document_ids: Sequence[str]) -> set[str]:
    """Hashes of the texts that were embedded for these documents first."""
    mine = (CachedEmbedding.workspace_id == workspace_id, CachedEmbedding.document_id.in_(document_ids))
    return set(session.scalars(select(CachedEmbedding.text_hash).where(*mine)))


def forget(session: Session, workspace_id: str, hashes: Sequence[str]) -> None:
    """Remove the given hashes."""
    mine = delete(CachedEmbedding).where(CachedEmbedding.workspace_id == workspace_id)
    for page in _pages(sorted(set(hashes))):
        session.execute(mine.where(CachedEmbedding.text_hash.in_(page)))


def _pages(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _PAGE):
        yield values[start : start + _PAGE]
