"""The vector index: what every engine must do. SQL is the truth; this can be lost and rebuilt.

One logical collection holds all workspaces; every read and delete carries a `Scope`, from which the engine's one
filter function is built (qdrant docs, "Multitenancy": the tenant key is a payload index with `is_tenant`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SparseVector:
    """BM25 term weights without IDF: `indices` uint32, unique and ascending; `values` float32, same length."""

    indices: npt.NDArray[np.uint32]
    values: Floats


@dataclass(frozen=True, slots=True)
class Point:
    """One chunk in the index. `id` is a UUID string, deterministic, so that writing twice is writing once."""

    id: str
    workspace_id: str
    collection_id: str
    document_id: str
    version: int
    chunk_index: int
    language: str
    dense: dict[str, Floats]  # name of the model → unit vector, shape (d,)
    sparse: SparseVector


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose points, and which. `workspace_id` is never optional; None elsewhere means any, () means nothing."""

    workspace_id: str
    collection_ids: tuple[str, ...] | None = None
    document_ids: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    version: int | None = None
    before_version: int | None = None  # only versions smaller than this
    without_documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A found point; `score` is the branch's own: cosine for dense, BM25 (IDF of the workspace alone) for sparse."""

    id: str
    score: float
    collection_id: str
    document_id: str
    version: int
    chunk_index: int


@dataclass(frozen=True, slots=True)
class DenseQuery:
    name: str  # which named vector
    vector: Floats


@dataclass(frozen=True, slots=True)
class SparseQuery:
    vector: SparseVector


class Index(Protocol):
    """What a search needs of a vector store."""

    def search(
        self, scope: Scope, queries: Sequence[DenseQuery | SparseQuery], limit: int, *, exact: bool = False
    ) -> list[list[Hit]]:
        """One round trip, the scope's filter in every branch; a list of at most `limit` hits a query, best first."""
        ...

    def count(self, scope: Scope) -> int:
        """Exact number of points in scope."""
        ...


class VectorStore(Index, Protocol):
    """Implemented by Qdrant's embedded engine, by `QdrantClient` (server, cluster, local mode) and by a fake."""

    def upsert(self, points: Sequence[Point]) -> None:
        """Write durably before returning. Raises `core.errors.Unavailable` when the engine cannot."""
        ...

    def ids(self, scope: Scope) -> set[str]:
        """All point ids in scope (for the reconciler; may be slow)."""
        ...

    def owners(self, scope: Scope) -> dict[tuple[str, int], int]:
        """Points in scope by document and version (for the reconciler; may be slow)."""
        ...

    def workspaces(self) -> set[str]:
        """All workspaces that have points: the one question that is asked across tenants."""
        ...

    def delete(self, scope: Scope) -> None:
        """Remove all points in scope, durably before returning."""
        ...

    def optimize(self) -> None:
        """Bring the index into its fast shape; never stalls searches. Cheap when there is nothing to do."""
        ...

    def check(self) -> str:
        """A line for `doctor` and readiness (engine, points); raises `Unavailable` when it does not answer."""
        ...

    def close(self) -> None: ...
