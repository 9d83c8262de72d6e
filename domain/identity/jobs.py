"""Sign-ups that nobody verified and counts of tries are forgotten."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _forget(on: "JobContext") -> None:
    on.identity.forget_old()


PERIODIC = (Periodic("forget-tries", every(60.0), _forget),)
