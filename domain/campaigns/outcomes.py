"""What comes of contacts: reached, to be called again, or given up, which whoever asked for it is told."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from domain.campaigns.repository import Ended
from domain.campaigns.retries import Retries
from domain.campaigns.window import CallWindow
from domain.events.kinds import EventType
from domain.events.recording import Event, record_all
from domain.models import CallReason, CallStatus, Campaign, CampaignContact, CampaignStatus, ContactStatus

ENDED, CANCELLED = "campaign-ended", "campaign-cancelled"  # why somebody was given up who was still to be called


class Outcomes:
    """Of one campaign, at one moment."""

    def __init__(self, campaign: Campaign, window: CallWindow, retries: Retries, now: datetime) -> None:
        self._campaign, self._window, self._retries, self._now = campaign, window, retries, now
        self._given_up: list[CampaignContact] = []

    def note(self, call: Ended) -> None:
        """The call has ended."""
        one = call.contact
        one.leased_until = None
        if call.status == CallStatus.COMPLETED:
            self._become(one, ContactStatus.COMPLETED, None)
            return
        reason = CallReason(call.reason or CallReason.ERROR)
        one.errors += reason is CallReason.ERROR
        wait = self._retries.wait(reason, one.calls, one.errors)
        if wait is not None:
            self._become(one, ContactStatus.CALLED, reason)
            one.next_at = self._window.opens(self._now + wait, ZoneInfo(one.timezone))
        elif reason is CallReason.DO_NOT_CALL:
            self.refuse(one)
        else:
            self._give_up(one, ContactStatus.FAILED, reason)

    def refuse(self, one: CampaignContact) -> None:
        """They want no calls."""
        self._give_up(one, ContactStatus.DNC, CallReason.DO_NOT_CALL)

    def expire(self, one: CampaignContact) -> None:
        """The campaign's end came first."""
        cancelled = self._campaign.status == CampaignStatus.CANCELLED
        self._give_up(one, ContactStatus.EXPIRED, CANCELLED if cancelled else ENDED)

    def tell(self, session: Session) -> None:
        """Of everybody given up."""
        record_all(session, [
            Event(EventType.CONTACT_EXHAUSTED, one.workspace_id, {
                "campaign_id": one.campaign_id, "contact_id": one.id, "status": one.status, "reason": one.reason,
                "calls": one.calls, "call_id": one.call_id,
            })
            for one in self._given_up
        ])  # fmt: skip

    def _give_up(self, one: CampaignContact, status: ContactStatus, reason: str) -> None:
        self._become(one, status, reason)
        self._given_up.append(one)

    def _become(self, one: CampaignContact, status: ContactStatus, reason: str | None) -> None:
        one.status, one.reason, one.next_at, one.updated_at = status, reason, None, self._now
