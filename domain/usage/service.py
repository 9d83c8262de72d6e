"""What a workspace may use by its plan, and what it has used."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.models import MonthlyUsage
from domain.plans import Limits, limits_of
from domain.principal import Principal
from domain.usage.months import Month, month_at
from domain.usage.repository import Held, UsageRepository
from domain.workspaces.service import WorkspaceService

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Usage:
    """`months` are the latest ones with messages, the newest first."""

    plan: str
    limits: Limits
    timezone: str
    month: Month
    messages: int
    agents: int
    campaigns: int
    held: Held
    months: Sequence[MonthlyUsage]


class UsageService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who

    def get(self) -> Usage:
        workspace = WorkspaceService(self._session, self._who).get()
        rows, month = UsageRepository(self._session, self._who), month_at(utc_now(), workspace.timezone)
        months = rows.months(MONTHS)
        now = next((row.messages for row in months if row.month == month.name), 0)
        limits = limits_of(workspace.plan)
        return Usage(
            workspace.plan, limits, workspace.timezone, month, now, rows.agents(), rows.campaigns(), rows.held(), months
        )  # fmt: skip
