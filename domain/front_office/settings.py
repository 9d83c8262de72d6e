"""What a workspace may set of its front office; each with a safe default."""

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field

from core.phone_numbers import is_region
from core.strict_model import StrictModel
from domain.models import ReminderChannel

SANDBOX_NUMBER = "+15005550006"
SANDBOX_ADDRESS = "front-desk@sandbox.invalid"  # RFC 2606: nobody's
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _clock(value: str) -> str:
    if not CLOCK.fullmatch(value):
        raise ValueError("must be a time of day such as 21:00")
    return value


def _region(value: str) -> str:
    if not is_region(value):
        raise ValueError("must be a country of two capital letters such as DE")
    return value


Clock = Annotated[str, AfterValidator(_clock)]


class QuietHours(StrictModel):
    """A span of each day in which no text message leaves; it may cross midnight."""

    start: Clock = "21:00"
    end: Clock = "08:00"

    def ends(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours end that `moment` lies in; None where it lies in none. In the zone's wall clock, also
        across a change of it."""
        here = moment.astimezone(zone)
        start, end = time.fromisoformat(self.start), time.fromisoformat(self.end)
        clock = here.time().replace(tzinfo=None)
        if start == end or not (start <= clock < end if start < end else (clock >= start or clock < end)):
            return None
        day = here.date() if clock < end else here.date() + timedelta(days=1)
        return datetime.combine(day, end, zone)


class Reminder(StrictModel):
    channel: Annotated[ReminderChannel, Field(strict=False)]
    minutes_before: int = Field(ge=1, le=43_200)


Outcome = Literal["completed", "no-answer", "busy", "voicemail", "invalid-number", "do-not-call", "error"]  # of a call


class SandboxPace(StrictModel):
    """How fast the sandbox plays what no provider does, in seconds."""

    ring_s: float = Field(0.5, ge=0, le=600)
    talk_s: float = Field(2.0, ge=0, le=3_600)
    message_s: float = Field(0.5, ge=0, le=600)
    outcome: Outcome = "completed"


class FrontOfficeSettings(BaseModel):
    """`number` and `address` are those that calls, messages and mails come from."""

    default_region: Annotated[str, AfterValidator(_region)] | None = None
    number: str = SANDBOX_NUMBER
    address: str = SANDBOX_ADDRESS
    quiet_hours: QuietHours | None = None
    opt_in_required: bool = False
    reminders: list[Reminder] = Field(default_factory=list, max_length=10)
    sandbox: SandboxPace = Field(default_factory=SandboxPace)
