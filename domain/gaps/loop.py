"""The loop: what changed is looked at, items near to it are asked again, the most urgent first, within a budget.

One process does this for a workspace at a time. What is left to do stands in the database, so nothing is lost when that
process dies, and a document that comes and goes many times calls an item up once.
"""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import structlog

from core.clock import utc_now
from core.database import Database
from core.errors import InsydrError
from core.queue.turns import Turn
from domain.gaps.checking import Checker
from domain.gaps.engine import Engine
from domain.gaps.gap_repository import GapRepository, retest_reasons, waiting_workspaces
from domain.gaps.nearness import STALE, Nearness
from domain.principal import system

log = structlog.get_logger()
WORKSPACES = 1_000  # that one pass looks at
PASS_S = 5.0  # after which a pass ends, so that whoever stops the process does not wait for it
PAGES = 10  # of changes, before items are asked: while many documents come, too
TOGETHER = 20  # items of a workspace, before the next one's turn comes
REASONS_HOLD = timedelta(days=1)
REST = timedelta(seconds=5)  # of an item that was asked, unless what it rests on changed


class Budget:
    """How often may be asked for a workspace: so often a minute, and no more than a minute's worth at once.

    Counted in the process that has the turn; `core.rates` counts what many processes let in, in an event loop.
    """

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._now = per_minute, now
        self._spent: dict[str, tuple[float, float]] = {}  # how much, and when

    def left(self, workspace_id: str) -> int:
        """0: not yet."""
        return max(0, int(self._per_minute - self._owed(workspace_id)))

    def spend(self, workspace_id: str, asks: int) -> None:
        owed = self._owed(workspace_id) + asks
        self._spent = {key: kept for key, kept in self._spent.items() if self._owed(key) > 0}
        self._spent[workspace_id] = (owed, self._now())

    def _owed(self, workspace_id: str) -> float:
        spent, at = self._spent.get(workspace_id, (0.0, 0.0))
        return max(0.0, spent - (self._now() - at) * self._per_minute / 60)


class GapLoop:
    """The models are loaded with the first item that is asked."""

    def __init__(self, database: Database, load: Callable[[], Engine], per_minute: int) -> None:
        self._database, self._load = database, load
        self._budget = Budget(per_minute)
        self._last = ""  # workspace that had its turn

    def work(self) -> int:
        """Of every workspace that has something to do, as far as some seconds go; how many items were asked."""
        with self._database.read() as session:
            waiting = sorted(waiting_workspaces(session, WORKSPACES))
        asked, ends = 0, time.monotonic() + PASS_S
        for workspace_id in sorted(waiting, key=lambda one: one <= self._last):  # those that come after it first
            if time.monotonic() > ends:
                break
            asked += self._of(workspace_id, ends)
            self._last = workspace_id
        return asked

    def _of(self, workspace_id: str, ends: float) -> int:
        asked = 0
        with closing(Turn(self._database, f"gaps_{workspace_id}")) as turn:
            nearness = Nearness(self._database, self._load().model)
            for _ in range(PAGES):
                if not turn.go_on() or not nearness.look(workspace_id):
                    break
            checker = Checker(self._database, self._load())
            for cluster_id in self._due(workspace_id):
                if time.monotonic() > ends or not turn.go_on() or not self._budget.left(workspace_id):
                    break
                self._budget.spend(workspace_id, self._check(checker, workspace_id, cluster_id))
                asked += 1
        return asked

    def _check(self, checker: Checker, workspace_id: str, cluster_id: str) -> int:
        """A fault of ours with one item holds up no other: it is asked again with the next change, or tomorrow."""
        try:
            return checker.check(workspace_id, cluster_id)
        except InsydrError:  # something is away that all need
            raise
        except Exception:
            log.exception("gap_check_crashed", workspace_id=workspace_id, unanswered_id=cluster_id)
            with self._database.write() as session:
                GapRepository(session, system(workspace_id)).put_off(cluster_id, utc_now())
            return 1

    def test_reasons(self) -> None:
        """Items that stay open are asked again once a day: what they wait for may be of another kind by now."""
        before, is_more = utc_now() - REASONS_HOLD, True
        while is_more:
            with self._database.write() as session:
                is_more = retest_reasons(session, before, STALE)

    def _due(self, workspace_id: str) -> list[str]:
        with self._database.read() as session:
            return GapRepository(session, system(workspace_id)).due(utc_now() - REST, TOGETHER)
