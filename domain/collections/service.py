"""Collections: create, list, change, delete."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import NotFound
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import audit_change, created, done
from domain.changes import UNSET, Unset, changed
from domain.collections.jobs import PURGE_COLLECTION
from domain.collections.repository import CollectionRepository
from domain.gaps.risk_repository import AtRisk, at_risk, tell
from domain.models import Collection, Document
from domain.principal import Permission, Principal
from domain.revision import check_match


@dataclass(frozen=True, slots=True)
class CollectionChange:
    name: str | Unset = UNSET
    description: str | Unset | None = UNSET


class CollectionService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = CollectionRepository(session, who)

    def create(self, name: str, description: str | None) -> Collection:
        self._who.require(Permission.COLLECTIONS_WRITE)
        row = Collection(
            id=new_id(Prefix.COLLECTION), workspace_id=self._who.workspace_id, name=name, description=description
        )
        self._session.add(row)
        created(self._session, self._who, Action.COLLECTION_CREATED, row)
        return row

    def get(self, collection_id: str) -> tuple[Collection, int]:
        """The collection and how many documents it has."""
        self._who.require(Permission.COLLECTIONS_READ)
        row = self._existing(collection_id)
        return row, self.documents_in(row)

    def documents_in(self, row: Collection) -> int:
        """How many documents a collection has that the caller holds already."""
        return self._rows.document_counts([row.id]).get(row.id, 0)

    def page(self, limit: int, offset: int) -> tuple[list[tuple[Collection, int]], int]:
        self._who.require(Permission.COLLECTIONS_READ)
        return self._rows.page(limit, offset)

    def update(self, collection_id: str, change: CollectionChange, if_match: str | None) -> Collection:
        self._who.require(Permission.COLLECTIONS_WRITE)
        row = self._existing(collection_id)
        check_match(row, if_match)
        before = facts(row)
        row.name = changed(change.name, row.name)
        row.description = changed(change.description, row.description)
        row.revision += 1
        audit_change(self._session, self._who, Action.COLLECTION_UPDATED, row, before)
        return row

    def delete(self, collection_id: str, if_match: str | None) -> AtRisk:
        """Out of sight at once; a job removes its documents, after which what rested on them is asked again."""
        self._who.require(Permission.COLLECTIONS_WRITE)
        row = self._existing(collection_id)
        check_match(row, if_match)
        risk = at_risk(self._session, row.workspace_id, Document.collection_id == row.id)
        tell(self._session, row.workspace_id, risk, {"document_ids": None, "collection_id": row.id})
        row.deleted_at = utc_now()
        enqueue(self._session, PURGE_COLLECTION, workspace_id=self._who.workspace_id, collection_id=row.id)
        done(self._session, self._who, Action.COLLECTION_DELETED, row)
        return risk

    def _existing(self, collection_id: str) -> Collection:
        row = self._rows.get(collection_id)
        if row is None:
            raise not_found()
        return row


def require_collections(session: Session, who: Principal, ids: Sequence[str], field: str) -> list[str]:
    """`ids` without repeats, all of this workspace; raises `NotFound` naming the field otherwise."""
    unique = list(dict.fromkeys(ids))
    if len(CollectionRepository(session, who).existing(unique)) != len(unique):
        raise not_found(field)
    return unique


def not_found(field: str | None = None) -> NotFound:
    return NotFound("There is no such collection in this workspace.", code="COLLECTION_NOT_FOUND", field=field)
