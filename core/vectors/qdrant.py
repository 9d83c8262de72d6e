"""A Qdrant server or cluster through `qdrant_client`; also the client's local mode (slow: for tests and trials)."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from core.errors import Unavailable
from core.vectors.protocol import DenseQuery, Hit, Point, Scope, SparseQuery, SparseVector
from core.vectors.schema import (
    HIT_FIELDS,
    HNSW_EF,
    HNSW_EF_CONSTRUCT,
    HNSW_M,
    KEYWORDS,
    MAX_WORKSPACES,
    OWNER_FIELDS,
    SPARSE,
    as_hit,
    count_owners,
    is_nothing,
    payload_of,
)

_SLICE = 256  # points a request: about 2 MB
_PAGE = 1000


class QdrantVectorStore:
    """Implements `core.vectors.protocol.VectorStore` on one collection for all workspaces.

    `location` is a URL, ":memory:", or a folder (local mode). Every write waits until it is applied.
    """

    def __init__(
        self,
        location: str,
        dense: dict[str, int],
        *,
        collection: str = "insydr",
        api_key: str | None = None,
        timeout_s: int = 30,
        shards: int | None = None,
        replicas: int | None = None,
    ) -> None:
        self._collection = collection
        self._location = location
        self._is_server = location.startswith(("http://", "https://"))
        # local mode's lists are not made for two threads at once
        self._turn: Any = nullcontext() if self._is_server else threading.RLock()
        with self._answers():
            self._client: Any = _connect(location, api_key, timeout_s)
            self._prepare(dense, shards, replicas)

    @contextmanager
    def _answers(self) -> Iterator[None]:
        with self._turn, _translated():
            yield

    def upsert(self, points: Sequence[Point]) -> None:
        """Write in slices, each applied before the next."""
        for start in range(0, len(points), _SLICE):
            part = [_point(point) for point in points[start : start + _SLICE]]
            with self._answers():
                self._client.upsert(self._collection, part, wait=True)

    def search(
        self, scope: Scope, queries: Sequence[DenseQuery | SparseQuery], limit: int, *, exact: bool = False
    ) -> list[list[Hit]]:
        """One request for all queries; a sparse query without terms finds nothing."""
        asked = [i for i, query in enumerate(queries) if isinstance(query, DenseQuery) or len(query.vector.indices)]
        found: list[list[Hit]] = [[] for _ in queries]
        if is_nothing(scope) or not asked or limit < 1:
            return found
        requests = [self._request(scope, queries[i], limit, exact) for i in asked]
        with self._answers():
            answers = self._client.query_batch_points(self._collection, requests)
        for i, answer in zip(asked, answers, strict=True):
            found[i] = [as_hit(p.id, p.score, p.payload) for p in answer.points]
        return found

    def count(self, scope: Scope) -> int:
        """Exact number of points in scope."""
        if is_nothing(scope):
            return 0
        with self._answers():
            return int(self._client.count(self._collection, client_filter(scope), exact=True).count)

    def ids(self, scope: Scope) -> set[str]:
        """All point ids in scope, read in pages."""
        return set() if is_nothing(scope) else {str(r.id) for r in self._scroll(client_filter(scope))}

    def owners(self, scope: Scope) -> dict[tuple[str, int], int]:
        """Points in scope by document and version, read in pages."""
        if is_nothing(scope):
            return {}
        return count_owners(r.payload for r in self._scroll(client_filter(scope), OWNER_FIELDS))

    def workspaces(self) -> set[str]:
        """All workspaces that have points."""
        with self._answers():
            found = self._client.facet(self._collection, "workspace_id", limit=MAX_WORKSPACES, exact=True)
        return {str(hit.value) for hit in found.hits}

    def delete(self, scope: Scope) -> None:
        """Remove all points in scope."""
        from qdrant_client import models

        if is_nothing(scope):
            return
        with self._answers():
            self._client.delete(self._collection, models.FilterSelector(filter=client_filter(scope)), wait=True)

    def optimize(self) -> None:
        """A server optimizes by itself; local mode has no index."""

    def check(self) -> str:
        """A line for `doctor`."""
        with self._answers():
            points = self._client.count(self._collection, exact=False).count
        return f"Qdrant at {self._location}, collection {self._collection}: {points} points"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _prepare(self, dense: dict[str, int], shards: int | None, replicas: int | None) -> None:
        if not self._client.collection_exists(self._collection):
            self._create(dense, shards, replicas)
        stored = self._client.get_collection(self._collection).config.params.vectors
        for name, size in dense.items():
            if name not in stored or stored[name].size != size:
                raise Unavailable(
                    f"The Qdrant collection {self._collection} holds no vector {name} of {size} dimensions. "
                    "Name another collection and run: insydr reindex",
                    code="VECTORS_MISMATCH",
                )

    def _create(self, dense: dict[str, int], shards: int | None, replicas: int | None) -> None:
        from qdrant_client import models

        cosine = models.Distance.COSINE
        self._client.create_collection(
            self._collection,
            vectors_config={name: models.VectorParams(size=size, distance=cosine) for name, size in dense.items()},
            sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            hnsw_config=models.HnswConfigDiff(m=HNSW_M, ef_construct=HNSW_EF_CONSTRUCT),
            shard_number=shards,
            replication_factor=replicas,
        )
        if not self._is_server:
            return  # local mode has no payload indexes and warns about each
        keyword = models.KeywordIndexType.KEYWORD
        schemas: dict[str, Any] = {"workspace_id": models.KeywordIndexParams(type=keyword, is_tenant=True)}
        schemas |= dict.fromkeys(KEYWORDS, models.PayloadSchemaType.KEYWORD)
        schemas["version"] = models.PayloadSchemaType.INTEGER
        for field, schema in schemas.items():
            self._client.create_payload_index(self._collection, field, schema, wait=True)

    def _request(self, scope: Scope, query: DenseQuery | SparseQuery, limit: int, exact: bool) -> Any:
        from qdrant_client import models

        vector: Any
        params: Any = None
        if isinstance(query, SparseQuery):
            # the workspace's own statistics: no other tenant changes its scores
            corpus = models.IdfCorpusParams(corpus=client_filter(Scope(scope.workspace_id)))
            name, vector, params = SPARSE, _sparse(query.vector), models.SearchParams(idf=corpus)
        else:
            name, vector = query.name, query.vector.tolist()
            if self._is_server:  # local mode is always exact, and warns about these
                params = models.SearchParams(hnsw_ef=HNSW_EF, exact=exact)
        return models.QueryRequest(
            query=vector, using=name, filter=client_filter(scope), params=params, limit=limit, with_payload=HIT_FIELDS
        )

    def _scroll(self, wanted: Any, payload: bool | list[str] = False) -> Iterator[Any]:
        offset = None
        while True:
            with self._answers():
                records, offset = self._client.scroll(
                    self._collection, wanted, limit=_PAGE, offset=offset, with_payload=payload, with_vectors=False
                )
            yield from records
            if offset is None:
                return


def client_filter(scope: Scope) -> Any:
    """The one filter of this engine: always the workspace, then whatever else the scope names."""
    from qdrant_client import models

    def equal(key: str, value: str | int) -> Any:
        return models.FieldCondition(key=key, match=models.MatchValue(value=value))

    must: list[Any] = [equal("workspace_id", scope.workspace_id)]
    lists = (scope.collection_ids, scope.document_ids, scope.languages)
    for key, values in zip(KEYWORDS, lists, strict=True):
        if values is not None:
            must.append(models.FieldCondition(key=key, match=models.MatchAny(any=list(values))))
    if scope.version is not None:
        must.append(equal("version", scope.version))
    if scope.before_version is not None:
        must.append(models.FieldCondition(key="version", range=models.Range(lt=scope.before_version)))
    gone = scope.without_documents
    must_not = [models.FieldCondition(key="document_id", match=models.MatchAny(any=list(gone)))] if gone else None
    return models.Filter(must=must, must_not=must_not)


def _connect(location: str, api_key: str | None, timeout_s: int) -> Any:
    from qdrant_client import QdrantClient

    if location.startswith(("http://", "https://")):
        return QdrantClient(url=location, api_key=api_key, timeout=timeout_s, check_compatibility=False)
    if location == ":memory:":
        return QdrantClient(location=location)
    return QdrantClient(path=location)


def _point(point: Point) -> Any:
    from qdrant_client import models

    vectors: dict[str, Any] = {name: vector.tolist() for name, vector in point.dense.items()}
    if len(point.sparse.indices):
        vectors[SPARSE] = _sparse(point.sparse)
    return models.PointStruct(id=point.id, vector=vectors, payload=payload_of(point))


def _sparse(vector: SparseVector) -> Any:
    from qdrant_client import models

    return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())


@contextmanager
def _translated() -> Iterator[None]:
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    try:
        yield
    except ResponseHandlingException as error:
        raise Unavailable("The Qdrant server does not answer.", code="VECTORS_UNAVAILABLE") from error
    except UnexpectedResponse as error:
        raise Unavailable(
            f"The Qdrant server refused the request: {error.status_code} {error.reason_phrase}",
            code="VECTORS_UNAVAILABLE",
        ) from error
    except RuntimeError as error:  # local mode: the folder is open in another process, or the client is closed
        raise Unavailable(f"Qdrant's local mode failed: {error}", code="VECTORS_UNAVAILABLE") from error
