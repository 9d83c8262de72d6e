"""Every day counted again, and whether what was kept was right: for operators, and after an upgrade."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from core.database import Database
from domain.analytics.counting import count_all, recount
from domain.analytics.counting_repository import CountingRepository
from domain.analytics.days import day_of
from domain.analytics.marks_repository import mark_everything, reach
from domain.analytics.rows import day_rows
from domain.principal import system


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Days that were looked at, and those of which something else was kept; marked ones, which the clock would count
    anyway, are not among these."""

    days: int
    wrong: list[date]
    wrong_clusters: int  # of questions, that kept other sums than their days have


def rebuild(
    database: Database, workspace_id: str, timezone: str, *, store: bool, on_day: Callable[[int, int], None]
) -> Rebuilt:
    """Compare each day with what is kept, and with `store` keep what it is; `on_day` is told of how many are done."""
    count_all(database, system(workspace_id), timezone)  # what is only on its way is not wrong
    days = list(_days(database, workspace_id, timezone))
    wrong = []
    for number, day in enumerate(days, 1):
        if _is_wrong(database, workspace_id, day, timezone):
            wrong.append(day)
        on_day(number, len(days))
    if store and wrong:
        with database.write() as session:
            mark_everything(session, workspace_id)
        count_all(database, system(workspace_id), timezone)
    return Rebuilt(len(days), wrong, _sums(database, workspace_id, store=store))


def _sums(database: Database, workspace_id: str, *, store: bool) -> int:
    with database.write() if store else database.read() as session:
        rows = CountingRepository(session, system(workspace_id))
        found = rows.wrong_sums()
        if store:
            rows.sum_up(found)
    return len(found)


def _is_wrong(database: Database, workspace_id: str, day: date, timezone: str) -> bool:
    who = system(workspace_id)
    with database.read() as session:
        kept = CountingRepository(session, who).stored(day)
    return kept != day_rows(recount(database, who, day, timezone))


def _days(database: Database, workspace_id: str, timezone: str) -> Iterator[date]:
    with database.read() as session:
        first, last = reach(session, workspace_id)
    if first is not None and last is not None:
        day, zone = day_of(first, ZoneInfo(timezone)), ZoneInfo(timezone)
        while day <= day_of(last, zone):
            yield day
            day += timedelta(days=1)
