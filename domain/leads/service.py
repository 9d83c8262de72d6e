"""Leads: made, changed, found again by their address or number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, new_id
from domain.audit.actions import Action
from domain.audit.facts import changes, facts
from domain.audit.recording import done, done_all
from domain.changes import UNSET, Unset, changed
from domain.events.kinds import EventType
from domain.events.recording import Event, record_all
from domain.front_office.service import settings_of
from domain.leads.contact import Keys, keys_of
from domain.leads.repository import LeadRepository, Wanted
from domain.models import Lead, LeadChange, LeadSource, LeadStage
from domain.principal import Permission, Principal
from domain.workspaces.repository import WorkspaceRepository


@dataclass(frozen=True, slots=True)
class NewLead:
    """Somebody who can be told from others: with a name, an address or a number."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    source: LeadSource = LeadSource.OTHER
    stage: LeadStage = LeadStage.NEW
    score: int | None = None
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    tasks: list[Any] = field(default_factory=list)
    custom_fields: dict[str, Any] = field(default_factory=dict)
    assigned_to: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class LeadUpdate:
    """What is given replaces what there is, lists and objects as a whole."""

    first_name: str | Unset | None = UNSET
    last_name: str | Unset | None = UNSET
    email: str | Unset | None = UNSET
    phone: str | Unset | None = UNSET
    company: str | Unset | None = UNSET
    source: LeadSource | Unset = UNSET
    stage: LeadStage | Unset = UNSET
    score: int | Unset | None = UNSET
    tags: list[str] | Unset = UNSET
    notes: str | Unset | None = UNSET
    tasks: list[Any] | Unset = UNSET
    custom_fields: dict[str, Any] | Unset = UNSET
    assigned_to: str | Unset | None = UNSET


class _Known:
    """Leads by what they are known by."""

    def __init__(self, leads: Iterable[Lead]) -> None:
        self._emails, self._phones = dict[str, Lead](), dict[str, Lead]()
        for one in leads:
            self.add(one)

    def add(self, lead: Lead) -> None:
        if lead.email_key:
            self._emails[lead.email_key] = lead
        if lead.phone_key:
            self._phones[lead.phone_key] = lead

    def of(self, keys: Keys) -> Lead | None:
        """The address tells more than the number, which a family shares."""
        return self._emails.get(keys.email or "") or self._phones.get(keys.phone or "")


class LeadService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = LeadRepository(session, who)

    def create(self, new: NewLead) -> Lead:
        """Raises `Conflict` for somebody who is there already."""
        self._who.require(Permission.LEADS_WRITE)
        if not (new.first_name or new.last_name or new.email or new.phone):
            raise InvalidInput("A lead needs a name, an email or a phone.", code="LEAD_EMPTY")
        return self.add(new, self._keys(new.email, new.phone))

    def add(self, new: NewLead, keys: Keys) -> Lead:
        """As `create`, for whoever has required a permission of its own and checked what was given."""
        self.lock()
        self._refuse_another(keys, None)
        row = self._row(new, keys)
        self._keep([row])
        return row

    def gather(self, some: Sequence[tuple[NewLead, Keys]]) -> list[Lead]:
        """Of each the lead that they are; who is none yet becomes one, also who comes twice. In a few statements, for
        whoever has required a permission of its own."""
        if not some:
            return []
        known = self._known(some)
        if any(known.of(keys) is None for _, keys in some):
            self.lock()
            known = self._known(some)
        found, made = list[Lead](), list[Lead]()
        for new, keys in some:
            lead = known.of(keys)
            if lead is None:
                lead = self._row(new, keys)
                known.add(lead)
                made.append(lead)
            found.append(lead)
        self._keep(made)
        return found

    def _known(self, some: Sequence[tuple[NewLead, Keys]]) -> "_Known":
        return _Known(self._rows.known_by_any(keys for _, keys in some))

    def _keep(self, made: Sequence[Lead]) -> None:
        self._session.add_all(made)
        self._session.flush()
        for row in made:
            self._note(row, {})
        events = [Event(EventType.LEAD_CREATED, row.workspace_id, {"lead_id": row.id}) for row in made]
        record_all(self._session, events)
        if made:
            done_all(self._session, self._who, Action.LEAD_CREATED, made)

    def _row(self, new: NewLead, keys: Keys) -> Lead:
        return Lead(
            id=new_id(Prefix.LEAD), workspace_id=self._who.workspace_id, email_key=keys.email, phone_key=keys.phone,
            **{name: getattr(new, name) for name in NewLead.__slots__},
        )  # fmt: skip

    def lock(self) -> None:
        """Until the transaction ends nobody else makes a lead in this workspace, so none is made twice."""
        WorkspaceRepository(self._session).lock(self._who.workspace_id)

    def get(self, lead_id: str) -> Lead:
        self._who.require(Permission.LEADS_READ)
        return self._existing(lead_id)

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Lead], int]:
        self._who.require(Permission.LEADS_READ)
        return self._rows.page(wanted, limit, offset)

    def history(self, lead_id: str, limit: int, offset: int) -> tuple[list[LeadChange], int]:
        self._who.require(Permission.LEADS_READ)
        return self._rows.changes(self._existing(lead_id).id, limit, offset)

    def change(self, lead_id: str, update: LeadUpdate) -> Lead:
        """Raises `Conflict` where it becomes somebody who is there already."""
        self._who.require(Permission.LEADS_WRITE)
        row = self._existing(lead_id, lock=True)
        before = facts(row)
        if update.email is not UNSET or update.phone is not UNSET:
            self.lock()
            keys = self._keys(changed(update.email, row.email), changed(update.phone, row.phone))
            self._refuse_another(keys, row)
            row.email_key, row.phone_key = keys.email, keys.phone
        for name in LeadUpdate.__slots__:
            setattr(row, name, changed(getattr(update, name), getattr(row, name)))
        if not (row.first_name or row.last_name or row.email or row.phone):
            raise InvalidInput("A lead needs a name, an email or a phone.", code="LEAD_EMPTY")
        if self._note(row, before):
            row.updated_at = utc_now()
            done(self._session, self._who, Action.LEAD_UPDATED, row)
        return row

    def _note(self, row: Lead, before: dict[str, Any]) -> bool:
        """In the lead's own history, which goes with it: the audit log has its id only. Whether anything changed."""
        old, new = changes(before, facts(row))
        if old or new:
            self._session.add(
                LeadChange(
                    id=new_id(Prefix.LEAD_CHANGE), lead_id=row.id, workspace_id=row.workspace_id,
                    changed_by=self._who.user_id or None, key_id=self._who.key_id, before=old, after=new,
                )
            )  # fmt: skip
        return bool(old or new)

    def _keys(self, email: str | None, phone: str | None) -> Keys:
        return keys_of(email, phone, settings_of(self._session, self._who).default_region)

    def _refuse_another(self, keys: Keys, row: Lead | None) -> None:
        others = [one for one in self._rows.known_by_any([keys]) if row is None or one.id != row.id]
        if others:
            what = "email" if keys.email and others[0].email_key == keys.email else "phone"
            raise Conflict(
                f"There is a lead with this {what} already: {others[0].id}. Change that one instead.",
                code="DUPLICATE_LEAD", field=what, details={"id": others[0].id},
            )  # fmt: skip

    def _existing(self, lead_id: str, *, lock: bool = False) -> Lead:
        row = self._rows.get(lead_id, lock=lock)
        if row is None:
            raise NotFound("There is no such lead in this workspace.", code="LEAD_NOT_FOUND")
        return row
