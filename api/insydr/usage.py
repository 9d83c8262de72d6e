"""CONTRACT, Insydr row 9: what the workspace's plan allows, and what is used of it."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.fields import Output
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.plans import max_file_bytes
from domain.usage.service import Usage, UsageService

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/usage", tag="Workspaces")


class QuotaOut(BaseModel):
    used: int
    limit: int | None = Field(description="null: as many as they like.")
    remaining: int | None = Field(description="null where there is no limit; never below 0.")


class PeriodOut(Output):
    month: str = Field(examples=["2026-01"], description="Of the workspace's zone.")
    starts_at: datetime
    ends_at: datetime = Field(description="From then on messages are counted anew.")
    timezone: str


class MonthOut(Output):
    month: str
    messages: int


class UsageOut(BaseModel):
    plan: str
    period: PeriodOut
    messages: QuotaOut = Field(description="Questions of this month, of every channel; `test` counts.")
    agents: QuotaOut = Field(description="Those that are not archived.")
    campaigns: QuotaOut = Field(description="Those that are active or paused.")
    documents: QuotaOut
    storage_bytes: QuotaOut = Field(description="Of the documents' newest originals.")
    requests_per_minute: int | None = Field(description="Of one caller; null: any number.")
    crawl_pages: int | None = Field(description="Of one crawl; null: any number.")
    file_bytes: int = Field(description="Largest file.")
    months: list[MonthOut] = Field(description="The latest twelve that had messages, the newest first.")


@router.get("")
def usage(who: Who, state: State) -> UsageOut:
    with state.database.read() as session:
        found = UsageService(session, who).get()
    return _out(found, state.settings.max_upload_mb)


def _out(found: Usage, max_upload_mb: int) -> UsageOut:
    limits, month = found.limits, found.month
    return UsageOut(
        plan=found.plan,
        period=PeriodOut(
            month=month.name, starts_at=month.starts_at, ends_at=month.ends_at, timezone=found.timezone
        ),
        messages=_quota(found.messages, limits.messages),
        agents=_quota(found.agents, limits.agents),
        campaigns=_quota(found.campaigns, limits.campaigns),
        documents=_quota(found.held.documents, limits.documents),
        storage_bytes=_quota(found.held.bytes_, limits.storage_bytes),
        requests_per_minute=limits.requests,
        crawl_pages=limits.crawl_pages,
        file_bytes=max_file_bytes(found.plan, max_upload_mb),
        months=[MonthOut.model_validate(row) for row in found.months],
    )  # fmt: skip


def _quota(used: int, limit: int | None) -> QuotaOut:
    return QuotaOut(used=used, limit=limit, remaining=None if limit is None else max(0, limit - used))
