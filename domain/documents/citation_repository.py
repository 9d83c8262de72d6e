"""Queries for citations: slices of a version's text, never the whole of it at once."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, func

from domain.models import ChunkRow, DocumentVersion
from domain.scope import TenantRepository

READ_CHARACTERS = 1 << 21
MAX_CHUNKS = 200  # that one span may lie in


class CitationRepository(TenantRepository):
    def length(self, document_id: str, version: int) -> int | None:
        """Characters of the text; None where the version has none."""
        counted = self._version(document_id, version).with_only_columns(func.length(DocumentVersion.text))
        length: int | None = self.session.scalar(counted)
        return length

    def slice(self, document_id: str, version: int, start: int, end: int) -> str:
        """`text[start:end]`."""
        part = func.substr(DocumentVersion.text, start + 1, end - start)
        text: str | None = self.session.scalar(self._version(document_id, version).with_only_columns(part))
        return text or ""

    def slices(self, document_id: str, version: int, end: int) -> Iterator[str]:
        """`text[:end]`, piece by piece."""
        for start in range(0, end, READ_CHARACTERS):
            yield self.slice(document_id, version, start, min(start + READ_CHARACTERS, end))

    def chunks(self, document_id: str, version: int, start: int, end: int) -> Sequence[Row[Any]]:
        """Those that the span lies in, without their texts."""
        place = (ChunkRow.document_id == document_id, ChunkRow.version == version)
        query = self.select(ChunkRow).where(*place, ChunkRow.char_start < end, ChunkRow.char_end > start)
        columns = (
            ChunkRow.id, ChunkRow.chunk_index, ChunkRow.page, ChunkRow.page_end, ChunkRow.heading_path, ChunkRow.anchor,
            ChunkRow.char_start, ChunkRow.char_end,
        )  # fmt: skip
        ordered = query.order_by(ChunkRow.chunk_index).limit(MAX_CHUNKS).with_only_columns(*columns)
        return self.session.execute(ordered).all()

    def _version(self, document_id: str, version: int) -> Any:
        wanted = (DocumentVersion.document_id == document_id, DocumentVersion.version == version)
        return self.select(DocumentVersion).where(*wanted)
