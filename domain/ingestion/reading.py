"""From claimed documents to parsed ones: originals are made local, the parser reads them away from us."""

from collections.abc import Sequence
from contextlib import ExitStack

from core.blobs.protocol import BlobStore
from core.errors import DocumentError, NotFound
from domain.ingestion.flow import ClaimedDocument, Failure, ReadDocument
from domain.ingestion.watch import Watch
from domain.models import SourceType
from ingest.children.protocol import Failed, Parser, ParseTask


class Reader:
    """`model_setting` names the embedding model, whose tokenizer measures the chunks."""

    def __init__(self, blobs: BlobStore, parser: Parser, model_setting: str) -> None:
        self._blobs, self._parser, self._model_setting = blobs, parser, model_setting

    def read(self, claimed: Sequence[ClaimedDocument], watch: Watch) -> tuple[list[ReadDocument], list[Failure]]:
        """Parsed documents, and those that cannot be read with the reason."""
        reads: list[ReadDocument] = []
        failures: list[Failure] = []
        with ExitStack() as stack:
            paths = self._local(stack, claimed)
            ready = [one for one in claimed if paths[one.blob_key] is not None]
            missing = "The original is not stored any more: upload the file again."
            failures += [(one, _error("ORIGINAL_GONE", missing)) for one in claimed if one not in ready]
            tasks = [self._task(one, str(paths[one.blob_key])) for one in ready]
            results = self._parser.run(tasks, lambda number: _wanted(watch, ready[number]))
        for one, result in zip(ready, results, strict=True):
            if isinstance(result, Failed):
                failures.append((one, _error(result.code, result.message, retryable=result.retryable)))
                continue
            reads.append(
                ReadDocument(
                    one, result.format, result.document, result.chunks, result.embedding_texts, result.hashes,
                    result.title, result.language,
                )
            )  # fmt: skip
        return reads, failures

    def _local(self, stack: ExitStack, claimed: Sequence[ClaimedDocument]) -> dict[str, str | None]:
        """A local path a blob; None for one that is gone. A batch's documents share one."""
        paths: dict[str, str | None] = {}
        for key in dict.fromkeys(one.blob_key for one in claimed):
            try:
                paths[key] = str(stack.enter_context(self._blobs.local(key)))
            except NotFound:
                paths[key] = None
        return paths

    def _task(self, one: ClaimedDocument, path: str) -> ParseTask:
        return ParseTask(
            path=path,
            start=one.blob_start,
            length=one.blob_bytes,
            name=one.file_name,
            title=one.title if one.title_given else None,
            language=one.language,
            is_record=one.source_type == SourceType.TEXT,
            tokenizer=self._model_setting,
        )


def _wanted(watch: Watch, one: ClaimedDocument) -> bool:
    """Asked before each task and while it runs."""
    watch.mark()  # the parser has a limit of its own
    return watch.holds(one.document_id)


def _error(code: str, message: str, *, retryable: bool = False) -> DocumentError:
    return DocumentError(message, code=code, retryable=retryable)
