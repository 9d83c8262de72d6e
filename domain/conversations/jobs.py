"""Conversations are forgotten after their time."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every
from domain.conversations.records import forget_old

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _forget(on: "JobContext") -> None:
    forget_old(on.database, on.settings.conversation_retention_days)


PERIODIC = (Periodic("forget-conversations", every(3_600.0), _forget),)
