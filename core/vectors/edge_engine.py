"""Translation to and from Qdrant's embedded engine (`qdrant_edge`), and its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import Unavailable
from core.vectors.protocol import DenseQuery, Point, Scope, SparseQuery, SparseVector
from core.vectors.schema import HIT_FIELDS, HNSW_EF, HNSW_EF_CONSTRUCT, HNSW_M, KEYWORDS, SPARSE, payload_of

_FULL_SCAN_KB = 10_000  # filtered sets below this are scanned exactly


@contextmanager
def engine_errors(action: str) -> Iterator[None]:
    """Turn what the engine raises into `Unavailable` with a sentence."""
    try:
        yield
    except Unavailable:
        raise
    except Exception as error:  # the engine raises bare Exception only, with the cause as text
        raise Unavailable(_explain(action, str(error)), code="VECTORS_UNAVAILABLE") from error


def _explain(action: str, cause: str) -> str:
    if "WouldBlock" in cause:
        return "The vector index is open in another process: only one server may use a data folder."
    if "No space left" in cause or "os error 28" in cause:
        return f"The vector index could not {action}: the disk is full. Free space; nothing indexed so far is lost."
    return f"The vector index could not {action}: {cause}"


def create_shard(folder: Path, dense: dict[str, int]) -> Any:
    """A new shard with `dense` vectors (name to dimension), the sparse one, and the payload indexes."""
    import qdrant_edge as q

    folder.mkdir(parents=True)
    config = q.EdgeConfig(
        vectors={name: q.EdgeVectorParams(size, q.Distance.Cosine) for name, size in dense.items()},
        sparse_vectors={SPARSE: q.EdgeSparseVectorParams(modifier=q.Modifier.Idf)},
        hnsw_config=q.HnswIndexConfig(HNSW_M, HNSW_EF_CONSTRUCT, _FULL_SCAN_KB),
        wal_enabled=True,
    )
    shard = q.EdgeShard.create(str(folder), config)
    indexes: dict[str, Any] = {"workspace_id": q.KeywordIndexParams(is_tenant=True)}
    indexes |= dict.fromkeys(KEYWORDS, q.PayloadSchemaType.Keyword)
    indexes["version"] = q.PayloadSchemaType.Integer
    for name, schema in indexes.items():
        shard.update(q.UpdateOperation.create_field_index(name, schema))
    shard.flush()
    return shard


def load_shard(folder: Path) -> Any:
    """Open an existing shard; its write-ahead log is replayed."""
    import qdrant_edge as q

    return q.EdgeShard.load(str(folder))


def add_vectors(shard: Any, stored: dict[str, int], wanted: dict[str, int]) -> dict[str, int]:
    """Add the dense vectors that `shard` lacks; all it has then. Raises `Unavailable` on another dimension."""
    import qdrant_edge as q

    for name, size in wanted.items():
        if stored.get(name, size) != size:
            raise Unavailable(
                f"The vector index holds {name} with {stored[name]} dimensions, not {size}. Run: insydr reindex",
                code="VECTORS_MISMATCH",
            )
        if name not in stored:
            shard.update(q.UpdateOperation.create_dense_vector(name, size, q.Distance.Cosine))
    return stored | wanted


def edge_filter(scope: Scope) -> Any:
    """The one filter of this engine: always the workspace, then whatever else the scope names."""
    import qdrant_edge as q

    must: list[Any] = [q.FieldCondition("workspace_id", match=q.MatchValue(scope.workspace_id))]
    lists = (scope.collection_ids, scope.document_ids, scope.languages)
    for key, values in zip(KEYWORDS, lists, strict=True):
        if values is not None:
            must.append(q.FieldCondition(key, match=q.MatchAny(list(values))))
    if scope.version is not None:
        must.append(q.FieldCondition("version", match=q.MatchValue(scope.version)))
    if scope.before_version is not None:
        must.append(q.FieldCondition("version", range=q.RangeFloat(lt=scope.before_version)))
    gone = scope.without_documents
    must_not: list[Any] | None = [q.FieldCondition("document_id", match=q.MatchAny(list(gone)))] if gone else None
    return q.Filter(must=must, must_not=must_not)


def edge_point(point: Point) -> Any:
    """A point with its vectors and payload."""
    import qdrant_edge as q

    vectors: dict[str, Any] = {name: vector.tolist() for name, vector in point.dense.items()}
    if len(point.sparse.indices):
        vectors[SPARSE] = _sparse(point.sparse)
    return q.Point(point.id, vectors, payload_of(point))


def edge_query(scope: Scope, query: DenseQuery | SparseQuery, limit: int, *, exact: bool) -> Any:
    """One branch of a batch. IDF is computed over the workspace alone: no other tenant changes its scores."""
    import qdrant_edge as q

    if isinstance(query, DenseQuery):
        nearest = q.Query.Nearest(query.vector.tolist(), using=query.name)
        params = q.SearchParams(hnsw_ef=HNSW_EF, exact=exact)
    else:
        nearest = q.Query.Nearest(_sparse(query.vector), using=SPARSE)
        params = q.SearchParams(idf=q.IdfParams(corpus=edge_filter(Scope(scope.workspace_id))))
    return q.QueryRequest(limit, query=nearest, filter=edge_filter(scope), params=params, with_payload=HIT_FIELDS)


def _sparse(vector: SparseVector) -> Any:
    import qdrant_edge as q

    return q.SparseVector(vector.indices.tolist(), vector.values.tolist())
