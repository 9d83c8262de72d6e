"""The index that the settings name."""

from core.errors import InvalidInput
from core.settings import Settings
from core.vectors.protocol import VectorStore

QUIET_S = 15.0  # without writes, before the index is built


def open_vectors(settings: Settings, dense: dict[str, int]) -> VectorStore:
    """`dense`: the dimension of each embedding model by name. Raises `InvalidInput` where several processes would share
    the embedded engine, `Unavailable` where none answers."""
    if settings.qdrant_url is None:
        if not settings.embedded:
            raise InvalidInput(
                "INSYDR_QDRANT_URL is not set. With INSYDR_BROKER_URL several processes share the index, "
                "which needs a Qdrant server.",
                code="QDRANT_URL_MISSING",
            )
        from core.vectors.edge import EdgeVectorStore

        return EdgeVectorStore(settings.data_dir / "vectors", dense, quiet_s=QUIET_S)
    from core.vectors.qdrant import QdrantVectorStore

    key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
    return QdrantVectorStore(
        settings.qdrant_url, dense, collection=settings.qdrant_collection, api_key=key,
        shards=settings.qdrant_shards, replicas=settings.qdrant_replicas,
    )  # fmt: skip
