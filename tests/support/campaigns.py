"""A workspace whose agent calls: campaigns are dialled, and calls ended, when a test says so."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.clock import utc_now
from core.database import Database
from core.ids import Prefix, new_id
from domain.agents.live import LiveAgents
from domain.agents.service import NewAgent
from domain.calls import repository as calls
from domain.calls.moving import advance
from domain.campaigns.contacts import NewContact, Report
from domain.campaigns.dialler import run
from domain.campaigns.intake import ContactIntake
from domain.campaigns.service import CampaignChange, CampaignService, NewCampaign, Progress
from domain.campaigns.window import CallWindow
from domain.models import Call, CallReason, CallStatus, CampaignContact, User
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.workspaces.service import NewWorkspace, create_workspace

ALWAYS = CallWindow("00:00", "24:00")


def number(index: int) -> str:
    return f"+1212555{index:04}"


@dataclass
class Calling:
    database: Database
    who: Principal
    agent_id: str

    @staticmethod
    def on(database: Database) -> "Calling":
        user = new_id(Prefix.USER)
        with database.write() as session:
            session.add(User(id=user, email=f"{user}@example.com", full_name="O", password_hash="x"))
            workspace = create_workspace(session, user, NewWorkspace("W"), "ENTERPRISE")
        who = Principal(workspace.id, user, ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)
        with database.write() as session:
            agent_id = LiveAgents(session, who).create(NewAgent("Sarah"), active=True).id
        return Calling(database, who, agent_id)

    def campaign(self, **given: Any) -> str:
        """One that may call at any time, and again at once who did not answer."""
        usual: dict[str, Any] = {"window": ALWAYS, "retry_minutes": (0,), "timezone": "UTC"}
        with self.database.write() as session:
            new = NewCampaign("Outreach", self.agent_id, **(usual | given))
            return CampaignService(session, self.who).create(new).campaign.id

    def add(self, campaign_id: str, indexes: Iterable[int]) -> Report:
        contacts = [NewContact(row, number(index)) for row, index in enumerate(indexes, start=1)]
        return ContactIntake(self.database, self.who, campaign_id).add(contacts)

    def dial(self, campaign_id: str) -> None:
        while run(self.database, campaign_id):
            pass

    def change(self, campaign_id: str, **given: Any) -> Progress:
        with self.database.write() as session:
            return CampaignService(session, self.who).change(campaign_id, CampaignChange(**given))

    def progress(self, campaign_id: str) -> Progress:
        with self.database.read() as session:
            return CampaignService(session, self.who).get(campaign_id)

    def calls(self, campaign_id: str, *, on_their_way: bool = False) -> list[Call]:
        query = select(Call).where(Call.campaign_id == campaign_id).order_by(Call.id)
        with self.database.read() as session:
            return list(session.scalars(query.where(Call.ended_at.is_(None)) if on_their_way else query))

    def contacts(self, campaign_id: str) -> list[CampaignContact]:
        query = select(CampaignContact).where(CampaignContact.campaign_id == campaign_id)
        with self.database.read() as session:
            return list(session.scalars(query.order_by(CampaignContact.id)))

    def end(self, call_id: str, reason: CallReason | None = None) -> None:
        """It was answered; or not, for that reason."""
        with self.database.write() as session:
            row = calls.by_id(session, call_id)
            assert row is not None
            advance(session, row, CallStatus.COMPLETED if reason is None else CallStatus.FAILED, reason)

    def most_at_once(self, campaign_id: str) -> int:
        """Calls of one moment, by their beginnings and ends."""
        moments: list[tuple[Any, int]] = []
        for one in self.calls(campaign_id):
            moments += [(one.started_at, 1), (one.ended_at or utc_now(), -1)]
        most = now = 0
        for _, step in sorted(moments):
            now += step
            most = max(most, now)
        return most

    def times_called(self, campaign_id: str) -> Counter[str]:
        return Counter(one.to_number for one in self.calls(campaign_id))
