"""Questions are grouped by meaning after they were answered, and what they are about gets a name."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every
from domain.unanswered.merging import merge_by_night
from domain.unanswered.upkeep import name_categories

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _group(on: "JobContext") -> None:
    on.grouper.group_pending()


def _name(on: "JobContext") -> None:
    name_categories(on.database)


def _merge(on: "JobContext") -> None:
    merge_by_night(on.database)


PERIODIC = (
    Periodic("group-questions", every(2.0), _group, apart=True),
    Periodic("name-categories", every(5.0), _name, apart=True),
    Periodic("merge-questions", every(300.0), _merge, apart=True),
)
