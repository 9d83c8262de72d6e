"""What every engine stores, and what a scope that matches nothing looks like."""

from collections import Counter
from collections.abc import Iterable

from core.vectors.protocol import Hit, Point, Scope

SPARSE = "bm25"  # name of the sparse vector
KEYWORDS = ("collection_id", "document_id", "language")  # indexed beside the tenant
OWNER_FIELDS = ["document_id", "version"]
HIT_FIELDS = ["collection_id", "document_id", "version", "chunk_index"]
MAX_WORKSPACES = 1_000_000  # answers of a facet
HNSW_M, HNSW_EF_CONSTRUCT = 16, 128
HNSW_EF = 512  # recall of .98 at 10 on clusters of near-duplicates too


def is_nothing(scope: Scope) -> bool:
    """Whether one of the scope's lists is empty: then no point matches."""
    return () in (scope.collection_ids, scope.document_ids, scope.languages)


def as_hit(point_id: object, score: float, payload: dict[str, object]) -> Hit:
    """A hit from an engine's id, score and stored fields."""
    return Hit(
        str(point_id),
        float(score),
        str(payload["collection_id"]),
        str(payload["document_id"]),
        int(str(payload["version"])),
        int(str(payload["chunk_index"])),
    )


def count_owners(payloads: Iterable[dict[str, object] | None]) -> dict[tuple[str, int], int]:
    """Points by document and version."""
    return Counter((str(p["document_id"]), int(str(p["version"]))) for p in payloads if p)


def payload_of(point: Point) -> dict[str, str | int]:
    """The fields stored beside a point's vectors."""
    return {
        "workspace_id": point.workspace_id,
        "collection_id": point.collection_id,
        "document_id": point.document_id,
        "version": point.version,
        "chunk_index": point.chunk_index,
        "language": point.language,
    }
