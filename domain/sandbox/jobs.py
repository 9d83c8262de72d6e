"""The sandbox plays by the clock."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _play(on: "JobContext") -> None:
    from domain.sandbox.player import play

    play(on.database)


PERIODIC = (Periodic("sandbox", every(0.5), _play, apart=True),)
