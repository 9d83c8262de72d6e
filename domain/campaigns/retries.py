"""Whether, and when, somebody is called again whose call failed."""

from dataclasses import dataclass
from datetime import timedelta

from domain.models import CallReason

USUAL_MINUTES = (30, 60, 120)
_NEVER = {CallReason.INVALID_NUMBER, CallReason.DO_NOT_CALL, CallReason.CANCELED}


@dataclass(frozen=True, slots=True)
class Retries:
    """`minutes` after the first, second … call that nobody answered; with `voicemail` a machine is nobody. A call that
    failed for another reason is made once more, one that never can be answered is not."""

    minutes: tuple[int, ...] = USUAL_MINUTES
    voicemail: bool = False

    def wait(self, reason: CallReason, calls: int, errors: int) -> timedelta | None:
        """Until the next call, of who was called `calls` times and of those `errors` times in vain through no doing of
        theirs; None: it was the last one."""
        if reason in _NEVER or (reason is CallReason.VOICEMAIL and not self.voicemail):
            return None
        if reason is CallReason.ERROR:
            return timedelta(minutes=self.minutes[0]) if self.minutes and errors <= 1 else None
        tried = calls - errors
        return timedelta(minutes=self.minutes[tried - 1]) if 0 < tried <= len(self.minutes) else None
