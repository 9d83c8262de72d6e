"""The days of some items, and of all questions beside them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from domain.models import EVERY, ClusterDay, DayStats
from domain.scope import TenantRepository, mine


class OutlookRepository(TenantRepository):
    def days(self, cluster_ids: Sequence[str], first: date) -> dict[str, dict[date, tuple[int, int]]]:
        """How often each was asked and failed, by cluster and day."""
        query = select(ClusterDay.cluster_id, ClusterDay.day, ClusterDay.asked, ClusterDay.failed).where(
            mine(ClusterDay, self.who), ClusterDay.cluster_id.in_(cluster_ids), ClusterDay.day >= first
        )
        found: dict[str, dict[date, tuple[int, int]]] = defaultdict(dict)
        for cluster_id, day, asked, failed in self.session.execute(query):
            found[cluster_id][day] = (asked, failed)
        return found

    def questions(self, first: date) -> dict[date, int]:
        """All of the workspace, by day."""
        query = select(DayStats.day, DayStats.questions).where(
            mine(DayStats, self.who), DayStats.agent_id == EVERY, DayStats.channel == EVERY, DayStats.day >= first
        )
        return {row[0]: row[1] for row in self.session.execute(query)}
