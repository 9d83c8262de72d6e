"""Calls are dialled in the background, and the sandbox's are talked through there."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Queue

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _dial(on: "JobContext", call_id: str) -> None:
    from domain.calls.dialling import dial

    dial(on.database, call_id)


def _talk(on: "JobContext", call_id: str) -> object:
    from domain.calls.talking import talk

    return talk(on.database, lambda: on.conversations, on.analyst, call_id)


DIAL = JobType("calls.dial", Queue.OFFICE, _dial)
TALK = JobType("calls.talk", Queue.OFFICE, _talk)
JOBS = (DIAL, TALK)
