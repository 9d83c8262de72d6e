"""What each plan allows (CONTRACT, “Limits”); None is unlimited."""

from dataclasses import dataclass

from core.rates.rate import Rate
from core.settings import Plan

GB = 10**9


@dataclass(frozen=True, slots=True)
class Limits:
    """`messages` a month of the workspace's zone; `requests` a minute of one caller of the knowledge API."""

    requests: int | None = None
    messages: int | None = None
    agents: int | None = None
    documents: int | None = None
    crawl_pages: int | None = None
    storage_bytes: int | None = None
    file_mb: int | None = None
    campaigns: int | None = None


LIMITS: dict[Plan, Limits] = {
    Plan.FREE: Limits(60, 100, 1, 50, 50, GB // 10, 10, 1),
    Plan.STARTER: Limits(120, 2_000, 3, 1_000, 500, 2 * GB, 25, 5),
    Plan.PROFESSIONAL: Limits(300, 10_000, 10, 10_000, 5_000, 20 * GB, 100, 20),
    Plan.BUSINESS: Limits(600, 50_000, 50, 100_000, 50_000, 200 * GB, 250, None),
    Plan.ENTERPRISE: Limits(),
}


def limits_of(plan: str) -> Limits:
    return LIMITS[Plan(plan)]


def max_file_bytes(plan: str, max_upload_mb: int) -> int:
    """The smaller of the plan's and the installation's limit, in bytes."""
    plan_mb = limits_of(plan).file_mb
    return (max_upload_mb if plan_mb is None else min(plan_mb, max_upload_mb)) * 2**20


def a_minute(requests: int | None) -> tuple[Rate, ...]:
    """As rates, of which there are none where it is unlimited."""
    return () if requests is None else (Rate(requests),)
