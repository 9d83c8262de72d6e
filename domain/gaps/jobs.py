"""Unanswered questions are asked again when what may answer them has come."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _work(on: "JobContext") -> None:
    on.gaps.work()


PERIODIC = (Periodic("close-gaps", every(1.0), _work, apart=True),)
