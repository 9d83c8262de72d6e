"""Unanswered questions are asked again when what may answer them has come; whoever waits for that is told."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Periodic, Queue, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _work(on: "JobContext") -> None:
    on.gaps.work()


def _test_reasons(on: "JobContext") -> None:
    on.gaps.test_reasons()


def _tell(on: "JobContext", workspace_id: str, cluster_id: str) -> None:
    from domain.gaps.watching import tell

    tell(on.database, on.mailer, workspace_id, cluster_id)


def _forget(on: "JobContext") -> None:
    from domain.gaps.watching import forget

    forget(on.database)


TELL = JobType("gaps.tell", Queue.UPKEEP, _tell)
JOBS = (TELL,)
PERIODIC = (
    Periodic("close-gaps", every(1.0), _work, apart=True),
    Periodic("test-reasons", every(3_600.0), _test_reasons, first_after_s=600.0),
    Periodic("forget-gap-codes", every(600.0), _forget),
)
