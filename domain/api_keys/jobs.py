"""When keys were last used is written now and then."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _flush(on: "JobContext") -> None:
    on.key_usage.flush()


PERIODIC = (Periodic("key-usage", every(30.0), _flush),)
