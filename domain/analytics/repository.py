"""What was counted, as reports read it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from domain.agents.settings import AgentStatus
from domain.analytics.days import Period
from domain.analytics.rows import COUNTS, tally_of
from domain.analytics.tally import Tally
from domain.models import EVERY, Agent, Channel, DayStats, Document, StaleDay, Status
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class Slice:
    """Of one agent, on one channel; None: of all."""

    agent_id: str | None = None
    channel: Channel | None = None


class AnalyticsRepository(TenantRepository):
    def days(self, period: Period, part: Slice) -> dict[date, Tally]:
        """Days in which there was something."""
        found: dict[date, Tally] = {}
        for row in self.session.scalars(self.select(DayStats).where(*_within(period), *_of(part))):
            found.setdefault(row.day, Tally()).add(tally_of(row))
        return found

    def counts(self, period: Period, part: Slice) -> Tally:
        """What reports compare with: sums only."""
        query = select(*_sums()).where(mine(DayStats, self.who), *_within(period), *_of(part))
        return _summed(self.session.execute(query).one())

    def by_agent(self, period: Period, part: Slice) -> dict[str, Tally]:
        """Of each agent that did something, without what is kept in bins."""
        query = (
            select(DayStats.agent_id, *_sums())
            .where(mine(DayStats, self.who), *_within(period), *_of(part, whole=False))
            .group_by(DayStats.agent_id)
        )
        return {row[0]: _summed(row[1:]) for row in self.session.execute(query)}

    def published_agents(self) -> int:
        query = self.select(Agent).where(Agent.status == AgentStatus.PUBLISHED)
        return self.session.scalar(query.with_only_columns(func.count())) or 0

    def documents(self) -> int:
        """That answers can come from."""
        query = self.select(Document).where(Document.live_version.is_not(None), Document.status != Status.DELETED)
        return self.session.scalar(query.with_only_columns(func.count())) or 0

    def is_stale(self) -> bool:
        return bool(self.session.scalar(select(exists().where(mine(StaleDay, self.who)))))


def _sums() -> list[ColumnElement[Any]]:
    return [func.sum(getattr(DayStats, name)) for name in (*COUNTS, "conversation_s", "response_ms")]


def _summed(sums: Sequence[Any]) -> Tally:
    *counts, conversation_s, response_ms = (value or 0 for value in sums)
    return Tally(Counter(dict(zip(COUNTS, counts, strict=True))), conversation_s, response_ms)


def _within(period: Period) -> Sequence[ColumnElement[bool]]:
    return DayStats.day >= period.first, DayStats.day <= period.last


def _of(part: Slice, *, whole: bool = True) -> list[ColumnElement[bool]]:
    """The rows that together are that part: where nothing is asked for and the `whole` will do, those of all."""
    conditions: list[ColumnElement[bool]] = []
    if part.agent_id is not None:
        conditions.append(DayStats.agent_id == part.agent_id)
    if part.channel is not None:
        conditions.append(DayStats.channel == part.channel)
    if conditions or not whole:
        return [DayStats.agent_id != EVERY, *conditions]
    return [DayStats.agent_id == EVERY]
