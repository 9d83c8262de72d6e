"""Contacts become those of a campaign, a page a transaction, so that however many come hold up nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database, patiently
from core.errors import Conflict, InsydrError, InvalidInput, NotFound
from core.ids import Prefix, new_id
from core.phone_numbers import e164, zone_told
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.campaigns.contacts import NewContact, Problem, Report
from domain.campaigns.repository import CampaignRepository
from domain.campaigns.states import OVER
from domain.campaigns.window import CallWindow
from domain.front_office.service import settings_of
from domain.leads.contact import Keys, email_key
from domain.leads.repository import LeadRepository
from domain.models import Campaign, CampaignEnd, CampaignStatus, Lead
from domain.principal import Permission, Principal
from domain.usage.room import Room

PAGE = 500
Entry = NewContact | Problem


@dataclass(frozen=True, slots=True)
class _Checked:
    contact: NewContact
    number: str
    zone: str
    lead_id: str | None


class ContactIntake:
    """Of one campaign and one request."""

    def __init__(self, database: Database, who: Principal, campaign_id: str) -> None:
        self._database, self._who, self._campaign_id = database, who, campaign_id
        self._report = Report()
        self._region: str | None = None
        self._timezone = ""

    def check(self) -> None:
        """Whether anything can be added, before it is read. Raises `NotFound`, `Conflict`."""
        self._who.require(Permission.CALLS_WRITE)
        with self._database.read() as session:
            self._timezone = self._campaign(session, lock=False).timezone
            self._region = settings_of(session, self._who).default_region

    def add(self, entries: Iterable[Entry]) -> Report:
        """What was added before something went wrong stays, and the error says how much. Raises `InvalidInput` where
        nothing can be taken."""
        self.check()
        left = iter(entries)
        try:
            with patiently():
                while page := list(islice(left, PAGE)):
                    self._add_page(page)
        except InsydrError as error:
            if self._report.added:
                error.message = f"{self._report.added:,} contacts were added; then: {error.message}"
            raise
        finally:
            if self._report.added:
                self._note()
        self._refuse_nothing()
        return self._report

    def _note(self) -> None:
        with self._database.write() as session:
            campaign = CampaignRepository(session, self._who).get(self._campaign_id)
            if campaign is not None:
                told = {"added": self._report.added, "failed": self._report.failed}
                done(session, self._who, Action.CAMPAIGN_CONTACTS_ADDED, campaign, **told)

    def _add_page(self, page: Sequence[Entry]) -> None:
        contacts = [one for one in page if isinstance(one, NewContact)]
        with self._database.read() as session:
            named = {one.contact_id for one in contacts if one.contact_id}
            leads = {one.id: one for one in LeadRepository(session, self._who).by_ids(named)} if named else {}
        checked: dict[str, _Checked] = {}
        for entry in page:
            found = self._checked(entry, leads) if isinstance(entry, NewContact) else entry
            if isinstance(found, Problem):
                self._report.refuse(found)
            elif found.number in checked:
                self._report.duplicates += 1
            else:
                checked[found.number] = found
        if checked:
            self._store(checked)

    def _store(self, checked: dict[str, _Checked]) -> None:
        with self._database.write() as session:
            campaign, rows = self._campaign(session, lock=True), CampaignRepository(session, self._who)
            there = rows.numbers(campaign.id, checked.keys())
            new = [one for number, one in checked.items() if number not in there]
            leads = LeadRepository(session, self._who).known_by_any(Keys(phone=one.number) for one in new)
            known = {one.phone_key: one.id for one in leads}
            now = utc_now()
            opens = _Opening(campaign, now)
            shared: dict[str, Any] = {"campaign_id": campaign.id, "workspace_id": campaign.workspace_id}
            shared |= {"created_at": now, "updated_at": now}
            rows.add([_row(one, known, opens) for one in new], shared)
            if new:
                self._reopen(session, campaign)
                campaign.wake_at = now
        self._report.added += len(new)
        self._report.duplicates += len(there)

    def _checked(self, one: NewContact, leads: dict[str, Lead]) -> _Checked | Problem:
        lead = leads.get(one.contact_id or "")
        try:
            if one.email:
                email_key(one.email)
            number = e164(one.to, self._region, "phone") if one.to else lead.phone_key if lead else None
            if number is None:
                raise _nobody(one, lead)
        except InsydrError as error:
            return Problem(one.row, error.code, error.message)
        zone = zone_told(number, self._timezone)
        if lead is None:
            return _Checked(one, number, zone, None)
        known = {name: getattr(one, name) or getattr(lead, name) for name in ("first_name", "last_name", "company")}
        return _Checked(replace(one, **known, email=one.email or lead.email), number, zone, lead.id)

    def _campaign(self, session: Session, *, lock: bool) -> Campaign:
        row = CampaignRepository(session, self._who).get(self._campaign_id, lock=lock)
        if row is None:
            raise NotFound("There is no such campaign in this workspace.", code="CAMPAIGN_NOT_FOUND")
        if row.status in OVER and row.ended_by != CampaignEnd.DONE:
            raise Conflict(f"The campaign is {row.status} and takes no more contacts. Make a new one instead.",
                           code="CAMPAIGN_ENDED")  # fmt: skip
        return row

    def _reopen(self, session: Session, campaign: Campaign) -> None:
        """One that had only run out of people to call goes on."""
        if campaign.status in OVER:
            Room(session, self._who).require_campaign()
            campaign.status, campaign.ended_at, campaign.ended_by = CampaignStatus.ACTIVE, None, None

    def _refuse_nothing(self) -> None:
        report = self._report
        if not report.total:
            raise InvalidInput("There is no contact in it.", code="NO_CONTACTS")
        if report.failed == report.total:
            first = report.problems[0]
            raise InvalidInput(f"No contact could be taken. Row {first.row}: {first.message}", code=first.code)


class _Opening:
    """When somebody of a zone may first be called."""

    def __init__(self, campaign: Campaign, now: datetime) -> None:
        self._first = max(now, campaign.starts_at)
        self._window = CallWindow(campaign.window_start, campaign.window_end)
        self._known: dict[str, datetime] = {}

    def of(self, zone: str) -> datetime:
        if zone not in self._known:
            self._known[zone] = self._window.opens(self._first, ZoneInfo(zone))
        return self._known[zone]


def _row(one: _Checked, known: Mapping[str | None, str], opens: _Opening) -> dict[str, Any]:
    contact, lead_id = one.contact, one.lead_id or known.get(one.number)
    return {
        "id": new_id(Prefix.CAMPAIGN_CONTACT), "to_number": one.number, "timezone": one.zone,
        "next_at": opens.of(one.zone), "lead_id": lead_id,
        "contact_ref": contact.contact_id if one.lead_id is None else None, "first_name": contact.first_name,
        "last_name": contact.last_name, "email": contact.email, "company": contact.company,
        "custom": dict(contact.custom), "script": dict(contact.script),
    }  # fmt: skip


def _nobody(one: NewContact, lead: Lead | None) -> InsydrError:
    if lead is not None:
        return InvalidInput(f"The lead {lead.id} has no phone number.", code="NO_PHONE_NUMBER")
    if one.contact_id:
        return InvalidInput("contactId is no lead of this workspace: give the number, too.", code="CONTACT_NOT_FOUND")
    return InvalidInput("There is no phone number.", code="NO_PHONE_NUMBER")
