"""How the sandbox is to play a text message or a mail."""

from typing import Any

from pydantic import Field

from api.fields import CamelInput


class Played(CamelInput):
    """What is left out is as the front office's settings say."""

    outcome: str | None = None  # each kind names its own
    delay_seconds: float | None = Field(None, ge=0, le=600)

    def script(self) -> dict[str, Any]:
        told = {"outcome": self.outcome, "delay_s": self.delay_seconds}
        return {name: value for name, value in told.items() if value is not None}
