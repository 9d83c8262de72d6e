"""Kept replies are forgotten after a day."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _forget(on: "JobContext") -> None:
    on.replies.forget_old()


PERIODIC = (Periodic("forget-replies", every(3_600.0), _forget),)
