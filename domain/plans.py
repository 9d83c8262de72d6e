"""What each plan allows (CONTRACT, “Limits”); None is unlimited."""

from dataclasses import dataclass

from core.settings import Plan


@dataclass(frozen=True, slots=True)
class Limits:
    file_mb: int | None
    crawl_pages: int | None


LIMITS: dict[Plan, Limits] = {
    Plan.FREE: Limits(file_mb=10, crawl_pages=50),
    Plan.STARTER: Limits(file_mb=25, crawl_pages=500),
    Plan.PROFESSIONAL: Limits(file_mb=100, crawl_pages=5_000),
    Plan.BUSINESS: Limits(file_mb=250, crawl_pages=50_000),
    Plan.ENTERPRISE: Limits(file_mb=None, crawl_pages=None),
}


def max_file_bytes(plan: str, max_upload_mb: int) -> int:
    """The smaller of the plan's and the installation's limit, in bytes."""
    plan_mb = LIMITS[Plan(plan)].file_mb
    return (max_upload_mb if plan_mb is None else min(plan_mb, max_upload_mb)) * 2**20


def crawl_pages(plan: str) -> int | None:
    """Most pages of one crawl; None is unlimited."""
    return LIMITS[Plan(plan)].crawl_pages
