"""Queries of campaigns and of their contacts."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from core.database.bulk import insert_rows
from domain.models import Call, CallStatus, Campaign, CampaignContact, ContactStatus
from domain.scope import TenantRepository

Counts = Mapping[str, int]  # contacts by their status


@dataclass(frozen=True, slots=True)
class Ended:
    """A contact who was called, and how that call ended; None where there is no such call any more."""

    contact: CampaignContact
    status: str | None
    reason: str | None


class CampaignRepository(TenantRepository):
    def get(self, campaign_id: str, *, lock: bool = False) -> Campaign | None:
        query = self.select(Campaign).where(Campaign.id == campaign_id)
        return self.session.scalar(query.with_for_update(key_share=True) if lock else query)

    def page(self, status: str | None, limit: int, offset: int) -> tuple[list[Campaign], int]:
        """The newest first, and how many there are."""
        query = self.select(Campaign)
        query = query if status is None else query.where(Campaign.status == status)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(Campaign.id.desc()).limit(limit).offset(offset))), total

    def counts(self, campaign_ids: Collection[str]) -> dict[str, Counts]:
        """Of each campaign, which are the tenant's own. Read from an index alone."""
        columns = (CampaignContact.campaign_id, CampaignContact.status, func.count())
        mine = CampaignContact.campaign_id.in_(sorted(campaign_ids))
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for campaign_id, status, count in self.session.execute(
            select(*columns).where(mine).group_by(CampaignContact.campaign_id, CampaignContact.status)
        ):
            found[campaign_id][status] = count
        return {one: found.get(one, {}) for one in campaign_ids}

    def contacts(
        self, campaign_id: str, status: str | None, limit: int, offset: int
    ) -> tuple[list[CampaignContact], int]:
        """As they were added, and how many there are."""
        query = self.select(CampaignContact).where(CampaignContact.campaign_id == campaign_id)
        query = query if status is None else query.where(CampaignContact.status == status)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(CampaignContact.id).limit(limit).offset(offset))), total

    def contact(self, campaign_id: str, contact_id: str) -> CampaignContact | None:
        query = self.select(CampaignContact).where(CampaignContact.campaign_id == campaign_id)
        return self.session.scalar(query.where(CampaignContact.id == contact_id))

    def numbers(self, campaign_id: str, numbers: Collection[str]) -> set[str]:
        """Those of the numbers that the campaign has."""
        query = select(CampaignContact.to_number).where(CampaignContact.campaign_id == campaign_id)
        return set(self.session.scalars(query.where(CampaignContact.to_number.in_(sorted(numbers)))))

    def add(self, rows: Sequence[Mapping[str, Any]], shared: Mapping[str, Any]) -> None:
        insert_rows(self.session, CampaignContact, rows, shared)


def due(session: Session, now: datetime, limit: int) -> list[str]:
    """Campaigns that have something to do, longest waiting first. System work across tenants."""
    query = select(Campaign.id).where(Campaign.wake_at <= now).order_by(Campaign.wake_at, Campaign.id)
    return list(session.scalars(query.limit(limit)))


def take(session: Session, campaign_id: str, now: datetime) -> Campaign | None:
    """One that still has something to do, and is ours until the transaction ends; None while it is in other hands."""
    query = select(Campaign).where(Campaign.id == campaign_id, Campaign.wake_at <= now)
    return session.scalar(query.with_for_update(skip_locked=True, key_share=True))


def wake_later(session: Session, campaign_id: str, moment: datetime) -> None:
    session.execute(update(Campaign).where(Campaign.id == campaign_id).values(wake_at=moment))


def _calling(campaign_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return CampaignContact.campaign_id == campaign_id, CampaignContact.status == ContactStatus.CALLING


def ended_calls(session: Session, campaign_id: str) -> list[Ended]:
    """Who is no longer being called, and what came of it."""
    query = select(CampaignContact, Call.status, Call.reason).outerjoin(Call, Call.id == CampaignContact.call_id)
    over = or_(Call.id.is_(None), Call.status.in_((CallStatus.COMPLETED, CallStatus.FAILED)))
    return [Ended(*row) for row in session.execute(query.where(*_calling(campaign_id), over))]


def silent_calls(session: Session, campaign_id: str, now: datetime) -> list[str]:
    """Calls whose time is over."""
    query = select(CampaignContact.call_id).where(*_calling(campaign_id), CampaignContact.leased_until < now)
    return [one for one in session.scalars(query) if one is not None]


def places_taken(session: Session, campaign_id: str) -> int:
    """How many are being called."""
    return session.scalar(select(func.count()).select_from(CampaignContact).where(*_calling(campaign_id))) or 0


def waiting(session: Session, campaign_id: str, now: datetime | None, limit: int) -> list[CampaignContact]:
    """Who is to be called by `now`, or at any time, those first who have waited longest."""
    query = select(CampaignContact).where(CampaignContact.campaign_id == campaign_id)
    query = query.where(CampaignContact.next_at.is_not(None) if now is None else CampaignContact.next_at <= now)
    return list(session.scalars(query.order_by(CampaignContact.next_at, CampaignContact.id).limit(limit)))


def next_at(session: Session, campaign_id: str) -> datetime | None:
    """When somebody is to be called next."""
    query = select(CampaignContact.next_at).where(CampaignContact.campaign_id == campaign_id)
    query = query.where(CampaignContact.next_at.is_not(None)).order_by(CampaignContact.next_at)
    return session.scalar(query.limit(1))


def put_off(session: Session, campaign_id: str, now: datetime, opens: Mapping[str, datetime], limit: int) -> None:
    """Of the zones in `opens` some who are due wait until then."""
    for zone, moment in opens.items():
        due_ = select(CampaignContact.id).where(
            CampaignContact.campaign_id == campaign_id, CampaignContact.next_at <= now, CampaignContact.timezone == zone
        )
        some = list(session.scalars(due_.order_by(CampaignContact.next_at, CampaignContact.id).limit(limit)))
        session.execute(update(CampaignContact).where(CampaignContact.id.in_(some)).values(next_at=moment))


def has_contacts(session: Session, campaign_id: str) -> bool:
    query = select(CampaignContact.id).where(CampaignContact.campaign_id == campaign_id)
    return session.scalar(query.limit(1)) is not None
