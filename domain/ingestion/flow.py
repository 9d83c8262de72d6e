"""What flows through the journey, in the order of its stations.

`repository.py` gives a worker documents as one claimed batch; `reading.py` makes of each a read document or a failure;
`indexing.py` writes what was read to the index; `outcome.py` ends both. `runner.py` leads from one to the next.
"""

from dataclasses import dataclass

from core.errors import DocumentError
from ingest.elements import Chunk, ParsedDocument


@dataclass(frozen=True, slots=True)
class ClaimedDocument:
    """A document in a worker's hands, and where its original is."""

    document_id: str
    workspace_id: str
    collection_id: str
    version: int
    live_version: int | None
    title: str
    title_given: bool
    source_type: str
    language: str | None
    job_id: str | None
    attempts: int
    file_name: str
    blob_key: str
    blob_start: int
    blob_bytes: int


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """A handful of small documents or one large one of one workspace, under one lease."""

    lease_id: str
    workspace_id: str
    documents: list[ClaimedDocument]


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A parsed and chunked document; `hashes` name each chunk's embedding."""

    claimed: ClaimedDocument
    format: str
    document: ParsedDocument
    chunks: list[Chunk]
    embedding_texts: list[str]
    hashes: list[str]
    title: str
    language: str


Failure = tuple[ClaimedDocument, DocumentError]  # at any station: why it goes no further
