"""Questions are grouped by meaning after they were answered; clusters that nobody asks for any more go."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every
from domain.unanswered.upkeep import forget_empty, name_categories

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _group(on: "JobContext") -> None:
    on.grouper.group_pending()


def _name(on: "JobContext") -> None:
    name_categories(on.database)


def _forget(on: "JobContext") -> None:
    forget_empty(on.database)


PERIODIC = (
    Periodic("group-questions", every(2.0), _group, apart=True),
    Periodic("name-categories", every(60.0), _name, apart=True),
    Periodic("forget-clusters", every(3_600.0), _forget, apart=True),
)
