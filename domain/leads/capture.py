"""Whoever calls, writes or leaves an address becomes a lead, or is the one that they were."""

from sqlalchemy.orm import Session

from core.errors import InvalidInput
from domain.front_office.service import settings_of
from domain.leads.contact import Contact, Keys, keys_of, split_name
from domain.leads.service import LeadService, NewLead
from domain.models import Lead, LeadSource
from domain.principal import Principal


def capture(session: Session, who: Principal, contact: Contact) -> Lead | None:
    """The lead with that address or number, made where there is none; None where neither tells who it is.

    A number that is none is left out: strangers write what they like.
    """
    keys = _keys(contact, settings_of(session, who).default_region)
    if keys == Keys():
        return None
    first, last = split_name(contact.name) if contact.name else (None, None)
    new = NewLead(
        first, last, contact.email if keys.email else None, contact.phone if keys.phone else None,
        source=LeadSource(contact.source), conversation_id=contact.conversation_id,
    )  # fmt: skip
    (lead,) = LeadService(session, who).gather([(new, keys)])
    return lead


def _keys(contact: Contact, region: str | None) -> Keys:
    found = Keys()
    for email, phone in ((contact.email, None), (None, contact.phone)):
        try:
            one = keys_of(email, phone, region)
        except InvalidInput:
            continue
        found = Keys(found.email or one.email, found.phone or one.phone)
    return found
