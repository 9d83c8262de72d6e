"""CONTRACT, Insydr row 5b: many documents at once: JSON Lines, many files, or a ZIP of them."""

import io
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import Annotated, BinaryIO, cast

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from api.body_limits import takes_files
from api.insydr.jobs import JobOut
from api.insydr.surface import INSYDR
from api.insydr.uploads import StoredBlobs, file_limit, store_upload, stored_blobs, uploaded_name
from api.principal import Who
from api.state import ApiState, State
from core.errors import DocumentError, InvalidInput, TooLarge
from core.visible import one_line
from domain.documents.items import Item, Refused, safe_name
from domain.documents.jsonlines import read_items
from domain.documents.service import DocumentService
from domain.jobs.batches import BatchReceiver
from domain.principal import Permission, Principal
from ingest.archive import iter_archive
from ingest.fingerprint import content_hash

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/documents/batch", tag="Documents")
MAX_FILES = 1_000
MEMORY_BYTES = 8 * 2**20
Accepted = Iterator[Item | Refused]
_LINES = (
    "One JSON object a line: {external_id?, title?, text, url?, language?, metadata?}. Line breaks and runs of white "
    "space in a title become a space, what is invisible goes."
)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {"schema": {"type": "string", "description": _LINES}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post("", status_code=202, openapi_extra=_BODY)
@takes_files(Permission.DOCUMENTS_WRITE)
async def accept(
    request: Request, who: Who, state: State, collection_id: Annotated[str, Query(max_length=64)]
) -> JobOut:
    await run_in_threadpool(_check, state, who, collection_id)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=MAX_FILES, max_fields=20) as form:
            uploads = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            return await state.pools.batches.run(partial(_files, state, who, collection_id, uploads))
    with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES) as body:
        async for block in request.stream():
            body.write(block)
        body.seek(0)
        source = cast(BinaryIO, body)
        return await state.pools.batches.run(partial(_body, state, who, collection_id, source))


def _check(state: ApiState, who: Principal, collection_id: str) -> None:
    with state.database.read() as session:
        DocumentService(session, who).check_upload(collection_id)
        DocumentService(session, who).check_queue(state.settings.max_queued_documents)


def _files(state: ApiState, who: Principal, collection_id: str, uploads: list[UploadFile]) -> JobOut:
    if not uploads:
        raise InvalidInput("Send at least one file.", field="files")
    limit = file_limit(state, who)
    with stored_blobs(state, who) as stored:
        accepted = (entry for upload in uploads for entry in _expand(upload, stored, limit))
        return _receive(state, who, collection_id, accepted, stored)


def _body(state: ApiState, who: Principal, collection_id: str, body: BinaryIO) -> JobOut:
    """A ZIP by its magic number, else JSON Lines."""
    magic = body.read(4)
    body.seek(0)
    with stored_blobs(state, who) as stored:
        if magic == b"PK\x03\x04":
            return _receive(state, who, collection_id, _members(body, stored, file_limit(state, who)), stored)
        key = stored.put(body)
        body.seek(0)
        return _receive(state, who, collection_id, read_items(body, key), stored)


def _expand(upload: UploadFile, stored: StoredBlobs, limit: int) -> Accepted:
    """One file, or the files of a ZIP; what cannot be taken is told and hurts nobody else."""
    try:
        if (upload.filename or "").lower().endswith(".zip"):
            yield from _members(upload.file, stored, limit)
        else:
            yield store_upload(upload, stored, limit, external_id=uploaded_name(upload))
    except (InvalidInput, TooLarge, DocumentError) as error:
        yield Refused(one_line(upload.filename or "file")[:200], error.code, error.message)


def _members(source: BinaryIO, stored: StoredBlobs, limit: int) -> Accepted:
    for member in iter_archive(source):
        try:
            name = safe_name(member.name)
            if not member.size:
                raise InvalidInput(f"“{name}” is empty.", code="EMPTY_DOCUMENT")
            if member.size > limit:
                raise TooLarge(f"“{name}” is larger than the {limit / 2**20:g} MiB allowed here.")
            data = member.read()
            key = stored.put(io.BytesIO(data))
            yield Item(name, key, len(data), content_hash(data), external_id=name)
        except (InvalidInput, TooLarge) as error:
            yield Refused(one_line(member.name)[:200], error.code, error.message)


def _receive(state: ApiState, who: Principal, collection_id: str, accepted: Accepted, stored: StoredBlobs) -> JobOut:
    most = state.settings.max_queued_documents
    job = BatchReceiver(state.database, who, collection_id, most=most).receive(accepted)
    stored.discard_unnamed()
    return JobOut.model_validate(job)
