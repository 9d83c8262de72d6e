"""CONTRACT, Insydr row 5: documents."""

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import File, Form, Query, Request, Response, UploadFile

from api.body_limits import takes_files
from api.document_form import document_form
from api.fields import IfMatch, Limit, Offset
from api.insydr.document_schemas import (
    AcceptedOut,
    ChunkList,
    ChunkOut,
    DocumentDetail,
    DocumentList,
    DocumentOut,
    DocumentPatch,
    TextOut,
    accepted,
    document_detail,
    text_out,
)
from api.insydr.gap_schemas import DeletedOut, deleted_out
from api.insydr.surface import INSYDR
from api.insydr.uploads import file_limit, store_upload, stored_blobs
from api.principal import Who
from api.ranges import download
from api.state import State
from core.errors import InvalidInput
from domain.changes import change_of
from domain.documents.repository import Filter
from domain.documents.service import DocumentChange, DocumentService
from domain.models import Status
from domain.principal import Permission
from domain.revision import etag

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/documents", tag="Documents")
Version = Annotated[int | None, Query(ge=1, le=1_000_000, description="Default: the live version.")]
TITLE = (
    "At most 500 characters on one line: line breaks and runs of white space become a space, what is invisible goes."
)
WIRE_STATUSES = ("QUEUED", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED")


@router.post("", status_code=202)
@takes_files(Permission.DOCUMENTS_WRITE)
def upload(
    who: Who,
    state: State,
    file: Annotated[UploadFile, File(description="The file. Its name is put on one line, as a title.")],
    collection_id: Annotated[str, Form(max_length=64)],
    title: Annotated[str | None, Form(description=TITLE)] = None,
    external_id: Annotated[str | None, Form(max_length=500)] = None,
    metadata: Annotated[str | None, Form(max_length=20_000, description="A JSON object.")] = None,
    language: Annotated[str | None, Form(pattern="^[a-z]{2}$", description="ISO 639-1; default: recognised.")] = None,
    duplicates: Annotated[Literal["refuse", "allow"], Query()] = "refuse",
) -> AcceptedOut:
    form = document_form(title, external_id, metadata, language)
    with state.database.read() as session:
        DocumentService(session, who).check_upload(collection_id)
        DocumentService(session, who).check_queue(state.settings.max_queued_documents)
    with stored_blobs(state, who) as stored:
        item = form.applied(store_upload(file, stored, file_limit(state, who)))
        allow = duplicates == "allow" or item.external_id is not None or not state.settings.duplicate_check
        with state.database.write() as session:
            document = DocumentService(session, who).upload(collection_id, item, allow_duplicates=allow)
        stored.discard_unnamed()
    return accepted(document)


@router.get("")
def page(
    who: Who,
    state: State,
    collection_id: Annotated[str | None, Query(max_length=64)] = None,
    status: Annotated[str | None, Query(description="PROCESSING, COMPLETED, FAILED or CANCELLED.")] = None,
    search: Annotated[str | None, Query(max_length=200, description="Part of the title.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> DocumentList:
    with state.database.read() as session:
        wanted = Filter(collection_id, _statuses(status), search)
        rows, total = DocumentService(session, who).page(wanted, limit, offset)
    return DocumentList(documents=[DocumentOut.model_validate(row) for row in rows], total=total)


@router.get("/{document_id}")
def get(document_id: str, who: Who, state: State, response: Response) -> DocumentDetail:
    with state.database.read() as session:
        detail = DocumentService(session, who).detail(document_id)
    response.headers["ETag"] = etag(detail.document)
    return document_detail(detail)


@router.patch("/{document_id}")
def update(
    document_id: str, body: DocumentPatch, who: Who, state: State, response: Response, if_match: IfMatch = None
) -> DocumentOut:
    change = change_of(DocumentChange, body.given())
    with state.database.write() as session:
        row = DocumentService(session, who).update(document_id, change, if_match)
    response.headers["ETag"] = etag(row)
    return DocumentOut.model_validate(row)


@router.delete("/{document_id}")
def delete(document_id: str, who: Who, state: State, if_match: IfMatch = None) -> DeletedOut:
    with state.database.write() as session:
        risk = DocumentService(session, who).delete(document_id, if_match)
    return deleted_out("Document deleted", risk)


@router.post("/{document_id}/reprocess", status_code=202)
def reprocess(document_id: str, who: Who, state: State) -> AcceptedOut:
    with state.database.write() as session:
        return accepted(DocumentService(session, who).reprocess(document_id))


@router.post("/{document_id}/cancel")
def cancel(document_id: str, who: Who, state: State) -> DocumentOut:
    with state.database.write() as session:
        return DocumentOut.model_validate(DocumentService(session, who).cancel(document_id))


@router.get("/{document_id}/text")
def text(document_id: str, who: Who, state: State, version: Version = None) -> TextOut:
    with state.database.read() as session:
        service = DocumentService(session, who)
        row = service.version(document_id, version, with_text=True)
        return text_out(row, service.get(document_id).source_url)


@router.get("/{document_id}/chunks")
def chunks(
    document_id: str, who: Who, state: State, version: Version = None, limit: Limit = 50, offset: Offset = 0
) -> ChunkList:
    with state.database.read() as session:
        service = DocumentService(session, who)
        rows, total = service.chunks(document_id, version, limit, offset)
        number = service.version(document_id, version).version
    return ChunkList(chunks=[ChunkOut.model_validate(row) for row in rows], total=total, version=number)


@router.get("/{document_id}/original", response_class=Response)
def original(document_id: str, who: Who, state: State, request: Request, version: Version = None) -> Response:
    with state.database.read() as session:
        row = DocumentService(session, who).version(document_id, version)
    # always a download in a sandbox: an uploaded page must not run as ours
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.file_name.rsplit('/', 1)[-1])}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    key, first = row.blob_key, row.blob_start
    return download(
        request,
        row.blob_bytes,
        row.content_hash,
        lambda start, length: state.blobs.stream(key, first + start, length),
        headers,
    )


def _statuses(status: str | None) -> tuple[str, ...]:
    if status is None:
        return ()
    wanted = status.upper()
    if wanted not in WIRE_STATUSES:
        raise InvalidInput(f"status must be one of {', '.join(WIRE_STATUSES)}.", field="status")
    return (Status.QUEUED, Status.PROCESSING) if wanted == Status.PROCESSING else (wanted,)
