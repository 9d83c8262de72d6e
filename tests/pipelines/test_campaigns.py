"""Campaigns call everybody once at a time and never more at once than allowed, whatever happens meanwhile."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select, update

from core.clock import utc_now
from core.database import Database
from core.errors import Conflict
from core.ids import Prefix, new_id
from domain.audit.actions import Action
from domain.campaigns.contacts import NewContact
from domain.campaigns.dialler import run_due
from domain.campaigns.intake import PAGE, ContactIntake
from domain.models import (
    AuditEntry,
    CallReason,
    Campaign,
    CampaignContact,
    CampaignEnd,
    CampaignStatus,
    ContactStatus,
    EventRow,
    Lead,
    Workspace,
)
from tests.support.campaigns import Calling, number
from tests.support.databases import sqlite_at

OVER = {CampaignStatus.COMPLETED, CampaignStatus.CANCELLED}
DONE = {ContactStatus.COMPLETED, ContactStatus.FAILED, ContactStatus.DNC, ContactStatus.EXPIRED}


@pytest.fixture
def calling(database: Database) -> Calling:
    return Calling.on(database)


class TestManyDiallers:
    def test_nobody_is_called_twice(self, calling: Calling) -> None:
        made = calling.campaign(max_concurrent=7)
        calling.add(made, range(30))
        with ThreadPoolExecutor(4) as pool:
            while calling.progress(made).campaign.status == CampaignStatus.ACTIVE:
                list(pool.map(lambda _: run_due(calling.database), range(4)))
                for call in calling.calls(made, on_their_way=True):
                    calling.end(call.id)
        assert calling.times_called(made) == {number(index): 1 for index in range(30)}
        assert calling.most_at_once(made) <= 7

    def test_two_campaigns_of_the_same_people_make_each_a_lead_once(self, calling: Calling) -> None:
        made = [calling.campaign(max_concurrent=50) for _ in range(4)]
        for one in made:
            calling.add(one, range(40))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(calling.dial, made))
        with calling.database.read() as session:
            phones = list(session.scalars(select(Lead.phone_key).order_by(Lead.phone_key)))
        assert phones == [number(index) for index in range(40)]
        assert len({one.lead_id for campaign in made for one in calling.contacts(campaign)}) == 40


class TestTells:
    def test_of_everybody_it_gave_up_and_of_its_end(self, calling: Calling) -> None:
        made = calling.campaign(retry_minutes=(), max_concurrent=10)
        calling.add(made, range(4))
        calling.dial(made)
        reasons = (None, CallReason.BUSY, CallReason.INVALID_NUMBER, CallReason.DO_NOT_CALL)
        for call, reason in zip(calling.calls(made), reasons, strict=True):
            calling.end(call.id, reason)
        calling.dial(made)
        with calling.database.read() as session:
            events = session.scalars(select(EventRow).where(EventRow.workspace_id == calling.who.workspace_id))
            told = [(one.type, one.data) for one in events]
        exhausted = [(data["status"], data["reason"]) for kind, data in told if kind == "CONTACT_EXHAUSTED"]
        assert sorted(exhausted) == [("dnc", "do-not-call"), ("failed", "busy"), ("failed", "invalid-number")]
        end = {"campaign_id": made, "status": "completed", "total": 4, "done": 4}
        assert [data for kind, data in told if kind == "CAMPAIGN_ENDED"] == [end]

    def test_of_its_end_once(self, calling: Calling) -> None:
        made = calling.campaign()
        calling.change(made, status=CampaignStatus.CANCELLED)
        calling.dial(made)
        calling.change(made, name="Renamed")
        calling.dial(made)
        with calling.database.read() as session:
            ended = select(EventRow).where(EventRow.type == "CAMPAIGN_ENDED")
            assert len(session.scalars(ended).all()) == 1


class TestDead:
    def test_a_deleted_workspace_calls_nobody(self, calling: Calling) -> None:
        made = calling.campaign()
        calling.add(made, range(3))
        with calling.database.write() as session:
            session.execute(update(Workspace).values(deleted_at=utc_now()))
        calling.dial(made)
        assert calling.calls(made) == []

    def test_a_call_whose_record_is_gone_frees_its_place(self, calling: Calling) -> None:
        made = calling.campaign(max_concurrent=1, retry_minutes=())
        calling.add(made, range(1))
        calling.dial(made)
        with calling.database.write() as session:
            session.execute(update(CampaignContact).values(call_id=new_id(Prefix.CALL)))
        calling.dial(made)
        assert [(one.status, one.reason) for one in calling.contacts(made)] == [("failed", "error")]


class TestIntake:
    def test_what_was_added_before_it_ended_is_told(self, calling: Calling) -> None:
        made = calling.campaign()

        def contacts() -> Iterator[NewContact]:
            for row in range(PAGE):
                yield NewContact(row, number(row))
            calling.change(made, status=CampaignStatus.CANCELLED)
            yield NewContact(PAGE, number(PAGE))

        with pytest.raises(Conflict) as caught:
            ContactIntake(calling.database, calling.who, made).add(contacts())
        assert caught.value.message.startswith(f"{PAGE} contacts were added; then: The campaign is cancelled")
        assert calling.progress(made).total == PAGE
        with calling.database.read() as session:
            added = select(AuditEntry.after).where(AuditEntry.action == Action.CAMPAIGN_CONTACTS_ADDED)
            assert list(session.scalars(added)) == [{"added": PAGE, "failed": 0}]


class TestFaults:
    def test_one_that_cannot_go_on_holds_up_no_other(self, calling: Calling) -> None:
        broken, sound = calling.campaign(), calling.campaign()
        for one in (broken, sound):
            calling.add(one, range(2))
        with calling.database.write() as session:  # a zone that this machine does not know
            session.execute(update(CampaignContact).where(CampaignContact.campaign_id == broken).values(timezone="X/Y"))
        run_due(calling.database)
        assert [len(calling.calls(one)) for one in (broken, sound)] == [0, 2]
        with calling.database.read() as session:
            wake_at = session.get_one(Campaign, broken).wake_at
        assert wake_at is not None
        assert wake_at > utc_now()


class TestQuiet:
    def test_one_that_waits_is_not_looked_at(self, calling: Calling) -> None:
        later = calling.campaign(start=utc_now() + timedelta(days=2))
        calling.add(later, range(3))
        assert run_due(calling.database) == 1
        assert run_due(calling.database) == 0
        with calling.database.read() as session:
            row = session.get_one(Campaign, later)
        assert row.wake_at == row.starts_at


class Journey(RuleBasedStateMachine):
    """Whatever is asked of a campaign, and whatever becomes of its calls, in any order."""

    database: Database
    campaign_id: str

    @initialize(most=st.integers(1, 5), tries=st.integers(0, 2))
    def begin(self, most: int, tries: int) -> None:
        self.calling = Calling.on(self.database)  # who wants no calls is remembered by the workspace
        self.most, self.tries, self.added = most, tries, set[int]()
        self.campaign_id = self.calling.campaign(max_concurrent=most, retry_minutes=(0,) * tries)

    @property
    def campaign(self) -> Campaign:
        return self.calling.progress(self.campaign_id).campaign

    def is_over(self) -> bool:
        return self.campaign.status in OVER and self.campaign.ended_by != CampaignEnd.DONE

    @precondition(lambda self: not self.is_over())
    @rule(some=st.sets(st.integers(0, 30), min_size=1, max_size=8))
    def add(self, some: set[int]) -> None:
        report = self.calling.add(self.campaign_id, sorted(some))
        assert (report.added, report.duplicates) == (len(some - self.added), len(some & self.added))
        self.added |= some

    @rule()
    def dial(self) -> None:
        before, was = {one.id for one in self.calling.calls(self.campaign_id)}, self.campaign.status
        self.calling.dial(self.campaign_id)
        begun = {one.id for one in self.calling.calls(self.campaign_id)} - before
        assert not begun or was == CampaignStatus.ACTIVE
        open_ = len(self.calling.calls(self.campaign_id, on_their_way=True))
        assert not begun or open_ <= self.most

    @rule(which=st.integers(0, 4), reason=st.sampled_from([None, *CallReason]))
    def end_a_call(self, which: int, reason: CallReason | None) -> None:
        open_ = self.calling.calls(self.campaign_id, on_their_way=True)
        if which < len(open_):
            self.calling.end(open_[which].id, reason)

    @precondition(lambda self: self.campaign.status not in OVER)
    @rule(status=st.sampled_from([CampaignStatus.ACTIVE, CampaignStatus.PAUSED]))
    def pause_or_resume(self, status: CampaignStatus) -> None:
        self.calling.change(self.campaign_id, status=status)

    @rule(most=st.integers(1, 5))
    def change_places(self, most: int) -> None:
        self.most = most
        self.calling.change(self.campaign_id, max_concurrent=most)

    @precondition(lambda self: self.campaign.status not in OVER)
    @rule(status=st.sampled_from(sorted(OVER)), really=st.integers(0, 5))
    def stop(self, status: CampaignStatus, really: int) -> None:
        if not really:
            self.calling.change(self.campaign_id, status=status)

    @invariant()
    def everybody_is_somewhere_once(self) -> None:
        so_far, contacts = self.calling.progress(self.campaign_id), self.calling.contacts(self.campaign_id)
        assert so_far.total == len(self.added) == len({one.to_number for one in contacts})
        called = self.calling.times_called(self.campaign_id)
        for one in contacts:
            assert called[one.to_number] == one.calls <= 2 + self.tries
            assert (one.next_at is not None) == (one.status in {ContactStatus.PENDING, ContactStatus.CALLED})
            assert (one.leased_until is not None) == (one.status == ContactStatus.CALLING)
        open_ = [one.to_number for one in self.calling.calls(self.campaign_id, on_their_way=True)]
        assert len(open_) == len(set(open_))  # nobody has two calls at once
        assert set(open_) <= {one.to_number for one in contacts if one.status == ContactStatus.CALLING}

    def teardown(self) -> None:
        """It comes to its end, and everybody to theirs."""
        if not hasattr(self, "campaign_id"):
            return
        if self.campaign.status == CampaignStatus.PAUSED:
            self.calling.change(self.campaign_id, status=CampaignStatus.ACTIVE)
        for _ in range(200):
            self.calling.dial(self.campaign_id)
            for call in self.calling.calls(self.campaign_id, on_their_way=True):
                self.calling.end(call.id)
            if all(one.status in DONE for one in self.calling.contacts(self.campaign_id)):
                break
        assert all(one.status in DONE for one in self.calling.contacts(self.campaign_id))
        self.calling.dial(self.campaign_id)
        assert not self.added or self.campaign.status in OVER


@pytest.fixture(scope="module")
def _journeys() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_at(Path(folder) / "journeys.db"))
        Journey.database = database
        yield
        database.close()


@pytest.mark.usefixtures("_journeys")
class TestJourneys(Journey.TestCase):
    settings = settings(stateful_step_count=25)
