"""Chunking: structure first, the embedding model's real tokens as the budget, nothing cut off unembedded."""

from ingest.chunking.budget import ChunkBudget
from ingest.chunking.embedded import embedding_texts
from ingest.chunking.pack import chunk_document

__all__ = ["ChunkBudget", "chunk_document", "embedding_texts"]
