"""Days with changes, counted again as a whole: late, changed and deleted things come right, and a rebuild is the same.

A mark says that something changed. Marks are read before what is counted, and removed with the result: what changes
meanwhile leaves a mark of its own. Where another process has counted the same marks, its result stands, for it may know
more.
"""

from contextlib import closing
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from core.clock import utc_now
from core.database import Database
from core.ids import made_at
from core.queue.turns import Turn
from domain.analytics.counting_repository import CountingRepository, Stale, stale_workspaces
from domain.analytics.days import bounds, day_of
from domain.analytics.tally import Day, count_day
from domain.principal import Principal, system

WORKSPACES = 1_000  # that one pass looks at
MOMENTS = 2_000  # stale quarters of an hour of a workspace that one pass looks at: three weeks of full ones
MARKS = 20_000  # of a day, that one counting removes
QUESTIONS_A_SECOND = 5_000  # a day of many is counted less often, so that counting takes a small part of the time


def count_stale(database: Database) -> int:
    """Every day that has to be, of every workspace, the latest first; how many."""
    with database.read() as session:
        found = stale_workspaces(session, WORKSPACES)
    done = 0
    for stale in found:
        with closing(Turn(database, f"count_{stale.workspace_id}")) as turn:
            done += _count_workspace(database, stale) if turn.go_on() else 0
    return done


def count_all(database: Database, who: Principal, timezone: str) -> int:
    """As `count_stale`, of one workspace, without waiting for more changes."""
    return _count_workspace(database, Stale(who.workspace_id, timezone), patient=False)


def recount(database: Database, who: Principal, day: date, timezone: str) -> Day:
    """A day as it would be counted now; nothing is stored."""
    zone = ZoneInfo(timezone)
    since, until = bounds(day, zone)
    with database.read() as session:
        rows = CountingRepository(session, who)
        return count_day(rows.questions(since, until), rows.conversations(since, until), zone)


def _count_workspace(database: Database, stale: Stale, *, patient: bool = True) -> int:
    who, zone = system(stale.workspace_id), ZoneInfo(stale.timezone)
    with database.read() as session:
        moments = CountingRepository(session, who).stale_moments(MOMENTS)
    days = dict.fromkeys(day_of(at, zone) for at in moments)
    return sum(_count(database, who, day, stale.timezone, patient=patient) for day in days)


def _count(database: Database, who: Principal, day: date, timezone: str, *, patient: bool) -> bool:
    since, until = bounds(day, ZoneInfo(timezone))
    with database.read() as session:
        rows = CountingRepository(session, who)
        marks = rows.marks(since, until, MARKS)
        waits_s = rows.questions_in(day) / QUESTIONS_A_SECOND if patient else 0.0
        if not marks or made_at(marks[0]) > utc_now() - timedelta(seconds=waits_s):
            return False
    counted = recount(database, who, day, timezone)
    with database.write() as session:
        rows = CountingRepository(session, who)
        if rows.remove_marks(marks) == len(marks):
            rows.replace(day, counted)
            return True
        session.rollback()
    return False
