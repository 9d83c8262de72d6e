"""What a crawl can be told, with defaults (seed section 5; CONTRACT row 5)."""

from datetime import datetime, tzinfo
from typing import Any

from pydantic import Field, ValidationError

from core.errors import InvalidInput, PlanLimit
from core.strict_model import StrictModel, first_fault
from crawler.patterns import parse_all
from crawler.rules import Rules
from crawler.urls import UrlError, normal_form
from domain.plans import limits_of

DEFAULT_PAGES = 500
MOST_PAGES = 200_000
MIN_HOURS = 1.0


class CrawlOptions(StrictModel):
    """Stored with the source, so that each later run does the same."""

    max_pages: int = Field(DEFAULT_PAGES, ge=1, le=MOST_PAGES, description="Pages with content, changed or not.")
    max_depth: int = Field(20, ge=0, le=100, description="Links away from the start.")
    include_patterns: list[str] = Field([], max_length=100, description="Globs over the path, or over the whole URL.")
    exclude_patterns: list[str] = Field([], max_length=100, description="As include_patterns; they win.")
    subdomains: bool = Field(False, description="Crawl the hosts below the start's host, too.")
    sitemaps: bool = Field(True, description="Find pages by sitemaps and feeds as well as by links.")
    render: bool = Field(False, description="Render pages that need JavaScript, where Chromium is installed.")
    max_rate: float | None = Field(None, gt=0, le=1_000, description="Requests a second and host, at most.")


def checked_options(old: dict[str, Any], new: dict[str, Any], plan: str) -> CrawlOptions:
    """`new` over `old` over the defaults; raises `InvalidInput` with the field."""
    limit = limits_of(plan).crawl_pages
    given = {**old, **new}
    given.setdefault("max_pages", DEFAULT_PAGES if limit is None else min(DEFAULT_PAGES, limit))
    try:
        options = CrawlOptions.model_validate(given)
    except ValidationError as error:
        raise first_fault(error.errors(include_input=False, include_url=False)) from None
    if limit is not None and options.max_pages > limit:
        raise PlanLimit(f"The plan {plan} allows {limit:,} pages a crawl.", field="max_pages")
    parse_all(options.include_patterns, "include_patterns")
    parse_all(options.exclude_patterns, "exclude_patterns")
    return options


def limited_pages(options: dict[str, Any], plan: str | None) -> int:
    """Pages of a run: those of the options, unless the workspace's plan has become a smaller one since."""
    limit, wanted = limits_of(plan).crawl_pages if plan else None, CrawlOptions.model_validate(options).max_pages
    return wanted if limit is None else min(limit, wanted)


def rules_of(site: str, options: CrawlOptions) -> Rules:
    return Rules(
        site=site,
        subdomains=options.subdomains,
        include=parse_all(options.include_patterns, "include_patterns"),
        exclude=parse_all(options.exclude_patterns, "exclude_patterns"),
        max_depth=options.max_depth,
    )


def checked_url(url: str) -> str:
    """In normal form; raises `InvalidInput` for what is no web address."""
    try:
        return normal_form(url)
    except UrlError as error:
        raise InvalidInput(error.reason, code="INVALID_URL", field="url") from None


def checked_schedule(cron: str | None, every_hours: float | None) -> None:
    """Raise `InvalidInput` for both at once, for a cron line that is none, or one that runs more than once an hour."""
    if cron is not None and every_hours is not None:
        raise InvalidInput("Give schedule or every_hours, not both.", field="schedule")
    if cron is None:
        return
    try:
        first, second = _times(cron, datetime.fromisoformat("2026-01-01T00:00:00+00:00"), 2)
    except ValueError:
        message = (
            "schedule must be a cron line of five fields that has a next time, e.g. “0 3 * * 1” for Mondays at 3:00."
        )
        raise InvalidInput(message, field="schedule") from None
    if (second - first).total_seconds() < MIN_HOURS * 3_600:
        raise InvalidInput("schedule may run at most once an hour.", field="schedule")


def next_time(cron: str, after: datetime, zone: tzinfo) -> datetime | None:
    """The first time after `after`, by the wall clock of `zone`; None where there is none any more."""
    try:
        return _times(cron, after.astimezone(zone), 1)[0]
    except ValueError:
        return None


def _times(cron: str, after: datetime, count: int) -> list[datetime]:
    from cronsim import CronSim, CronSimError

    if len(cron.split()) != 5:
        raise ValueError("five fields")
    try:
        times = CronSim(cron, after)
        return [next(times) for _ in range(count)]
    except (CronSimError, StopIteration) as error:
        raise ValueError(str(error)) from None
