"""Reports of what was asked and how it went, over days of the workspace's zone and against the days before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.agents.repository import AgentRepository
from domain.agents.service import AgentService
from domain.analytics.days import Period, Wish
from domain.analytics.repository import AnalyticsRepository, Slice
from domain.analytics.tally import Tally
from domain.analytics.use_repository import CollectionUse, DocumentUse, UseFilter, UseRepository
from domain.collections.repository import CollectionRepository
from domain.collections.service import not_found
from domain.principal import Permission, Principal
from domain.workspaces.service import WorkspaceService

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Overview:
    """`is_current` is False while something that happened is not yet counted."""

    period: Period
    now: Tally
    before: Tally
    published_agents: int
    documents: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class AgentDays:
    agent_id: str
    agent_name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Activity:
    """`days` has each day of the period, also those without questions; agents with most conversations come first."""

    period: Period
    days: Mapping[date, Tally]
    total: Tally
    agents: Sequence[AgentDays]
    is_current: bool


@dataclass(frozen=True, slots=True)
class Used(Generic[T]):
    """A page of what was used in the period, of so many in all."""

    period: Period
    rows: Sequence[T]
    total: int


EVERYTHING = Slice()


class AnalyticsService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = AnalyticsRepository(session, who)

    def overview(self, wish: Wish, part: Slice) -> Overview:
        period = self._period(wish, part)
        return Overview(
            period, _total(self._rows.days(period, part)), self._rows.counts(period.before(), part),
            self._rows.published_agents(), self._rows.documents(), not self._rows.is_stale(),
        )  # fmt: skip

    def activity(self, wish: Wish, part: Slice) -> Activity:
        period = self._period(wish, part)
        found = self._rows.days(period, part)
        days = {day: found.get(day) or Tally() for day in period.all_days()}
        tallies = self._rows.by_agent(period, part)
        names = AgentRepository(self._session, self._who).names(tallies)
        most_first = sorted(tallies.items(), key=lambda one: (-one[1].counts["conversations"], one[0]))
        agents = [AgentDays(agent_id, names.get(agent_id, ""), tally) for agent_id, tally in most_first]
        return Activity(period, days, _total(found), agents, not self._rows.is_stale())

    def documents(self, wish: Wish, wanted: UseFilter, limit: int, offset: int) -> Used[DocumentUse]:
        """What each document did."""
        period = self._period(wish, EVERYTHING)
        named = [wanted.collection_id] if wanted.collection_id is not None else []
        if len(CollectionRepository(self._session, self._who).existing(named)) < len(named):
            raise not_found("collection_id")
        return Used(period, *UseRepository(self._session, self._who).documents(period, wanted, limit, offset))

    def collections(self, wish: Wish, limit: int, offset: int) -> Used[CollectionUse]:
        period = self._period(wish, EVERYTHING)
        return Used(period, *UseRepository(self._session, self._who).collections(period, limit, offset))

    def _period(self, wish: Wish, part: Slice) -> Period:
        self._who.require(Permission.ANALYTICS_READ)
        if part.agent_id is not None:
            AgentService(self._session, self._who).named(part.agent_id)
        return wish.period(utc_now(), WorkspaceService(self._session, self._who).timezone())


def _total(days: Mapping[date, Tally]) -> Tally:
    total = Tally()
    for tally in days.values():
        total.add(tally)
    return total
