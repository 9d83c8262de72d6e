"""CONTRACT, Insydr row 5: collections."""

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel

from api.fields import IfMatch, Input, Limit, Name, Offset, ShortText
from api.insydr.gap_schemas import DeletedOut, deleted_out
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.changes import change_of
from domain.collections.service import CollectionChange, CollectionService
from domain.models import Collection
from domain.revision import etag

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/collections", tag="Collections")


class CollectionIn(Input):
    name: Name
    description: ShortText | None = None


class CollectionPatch(Input):
    name: Name | None = None
    description: ShortText | None = None


class CollectionOut(BaseModel):
    id: str
    name: str
    description: str | None
    document_count: int
    created_at: datetime


class CollectionList(BaseModel):
    collections: list[CollectionOut]
    total: int


@router.post("", status_code=201)
def create(body: CollectionIn, who: Who, state: State, response: Response) -> CollectionOut:
    with state.database.write() as session:
        row = CollectionService(session, who).create(body.name, body.description)
    response.headers["ETag"] = etag(row)
    return _out(row, 0)


@router.get("")
def page(who: Who, state: State, limit: Limit = 50, offset: Offset = 0) -> CollectionList:
    with state.database.read() as session:
        rows, total = CollectionService(session, who).page(limit, offset)
    return CollectionList(collections=[_out(row, count) for row, count in rows], total=total)


@router.get("/{collection_id}")
def get(collection_id: str, who: Who, state: State, response: Response) -> CollectionOut:
    with state.database.read() as session:
        row, count = CollectionService(session, who).get(collection_id)
    response.headers["ETag"] = etag(row)
    return _out(row, count)


@router.patch("/{collection_id}")
def update(
    collection_id: str, body: CollectionPatch, who: Who, state: State, response: Response, if_match: IfMatch = None
) -> CollectionOut:
    change = change_of(CollectionChange, body.given())
    with state.database.write() as session:
        service = CollectionService(session, who)
        row = service.update(collection_id, change, if_match)
        count = service.documents_in(row)
    response.headers["ETag"] = etag(row)
    return _out(row, count)


@router.delete("/{collection_id}")
def delete(collection_id: str, who: Who, state: State, if_match: IfMatch = None) -> DeletedOut:
    with state.database.write() as session:
        risk = CollectionService(session, who).delete(collection_id, if_match)
    return deleted_out("Collection deleted", risk)


def _out(row: Collection, count: int) -> CollectionOut:
    return CollectionOut(
        id=row.id, name=row.name, description=row.description, document_count=count, created_at=row.created_at
    )
