"""Who comes: a lead of the workspace where there is one, found or made by what is known of them."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from core.phone_numbers import e164
from domain.appointments.booking import AppointmentChange, NewAppointment
from domain.changes import UNSET, changed
from domain.front_office.service import settings_of
from domain.leads.capture import capture
from domain.leads.contact import Contact, email_key, full_name
from domain.leads.repository import LeadRepository
from domain.models import Appointment, LeadSource
from domain.principal import Principal


@dataclass(frozen=True, slots=True)
class Customer:
    """As the columns of an appointment have them."""

    lead_id: str | None = None
    contact_ref: str | None = None
    customer_name: str | None = None
    customer_phone: str | None = None
    customer_email: str | None = None


class Customers:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._leads = LeadRepository(session, who)

    def of_new(self, new: NewAppointment) -> Customer:
        """Raises `InvalidInput` for what is no address or number."""
        given = self._checked(Customer(None, None, new.customer_name, new.customer_phone, new.customer_email))
        return self._named(new.contact, given)

    def of_changed(self, row: Appointment, change: AppointmentChange) -> Customer:
        """Somebody else brings their own name, number and address, as far as they are a lead of ours; whoever is no
        longer named leaves theirs. Raises `InvalidInput`."""
        now = Customer(**{name: getattr(row, name) for name in Customer.__slots__})
        given = self._given(change)
        kept = replace(
            now,
            customer_name=changed(change.customer_name, now.customer_name),
            customer_phone=given.customer_phone if change.customer_phone is not UNSET else now.customer_phone,
            customer_email=given.customer_email if change.customer_email is not UNSET else now.customer_email,
        )
        if change.contact is None:
            return replace(kept, lead_id=None, contact_ref=None)
        if change.contact is not UNSET and change.contact not in (now.lead_id, now.contact_ref):
            other = self._named(change.contact, given)
            if other.contact_ref is None:
                return other
            return replace(kept, lead_id=other.lead_id, contact_ref=other.contact_ref)
        if now.lead_id is None and (given.customer_phone or given.customer_email):
            return replace(self._named(None, kept), contact_ref=now.contact_ref)
        return kept

    def _given(self, change: AppointmentChange) -> Customer:
        """What stands in the change."""
        return self._checked(
            Customer(
                customer_name=changed(change.customer_name, None),
                customer_phone=changed(change.customer_phone, None),
                customer_email=changed(change.customer_email, None),
            )
        )

    def _named(self, contact: str | None, given: Customer) -> Customer:
        """What was not given is the lead's."""
        lead = self._leads.get(contact) if contact else None
        ref = contact if lead is None else None
        if lead is None:
            told = Contact(LeadSource.OTHER, given.customer_name, given.customer_email, given.customer_phone)
            lead = capture(self._session, self._who, told)
        if lead is None:
            return replace(given, contact_ref=ref)
        return Customer(
            lead.id, ref, given.customer_name or full_name(lead), given.customer_phone or lead.phone_key,
            given.customer_email or lead.email,
        )  # fmt: skip

    def _checked(self, given: Customer) -> Customer:
        email = (given.customer_email or "").strip() or None
        if email:
            email_key(email)
        region = settings_of(self._session, self._who).default_region
        phone = e164(given.customer_phone, region, "customer_phone") if given.customer_phone else None
        return replace(given, customer_phone=phone, customer_email=email)
