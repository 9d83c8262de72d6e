"""Points for the vector store's contract."""

import uuid

import numpy as np

from core.vectors.protocol import DenseQuery, Point, SparseQuery, SparseVector

MODEL = "m"
DIMENSION = 8
DENSE = {MODEL: DIMENSION}


def unit(seed: int) -> np.ndarray:
    """A random unit vector, the same for the same seed."""
    vector = np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


def sparse(weights: dict[int, float]) -> SparseVector:
    """Terms and weights, in ascending order of the terms."""
    terms = sorted(weights)
    return SparseVector(np.array(terms, np.uint32), np.array([weights[t] for t in terms], np.float32))


def point(number: int, workspace: str = "w1", **fields) -> Point:
    """The point `number` of a workspace: its vectors follow from the number alone."""
    values = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{workspace}/{number}")),
        "workspace_id": workspace,
        "collection_id": "c1",
        "document_id": "d1",
        "version": 1,
        "chunk_index": number,
        "language": "en",
        "dense": {MODEL: unit(number)},
        "sparse": sparse({7: 1.0, 4_000_000_000: 0.5, 100 + number: 2.0}),
    }
    return Point(**(values | fields))


def dense_query(number: int) -> DenseQuery:
    """The query whose best answer is the point `number`."""
    return DenseQuery(MODEL, unit(number))


def sparse_query(*terms: int) -> SparseQuery:
    """A query for these terms, each with weight 1."""
    return SparseQuery(sparse(dict.fromkeys(terms, 1.0)))
