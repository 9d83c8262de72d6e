"""Campaigns dial by the clock."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _run(on: "JobContext") -> None:
    from domain.campaigns.dialler import run_due

    run_due(on.database)


PERIODIC = (Periodic("campaigns", every(0.5), _run, apart=True),)
