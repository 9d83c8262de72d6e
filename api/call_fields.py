"""Fields of calls that the surfaces share."""

from typing import Annotated, Any

from pydantic import Field

from api.fields import Input, Output, Text
from domain.front_office.settings import Outcome


class CallSandbox(Input):
    """How the sandbox plays the call; what is left out is as the front office's settings say."""

    outcome: Outcome | None = None
    ring_s: float | None = Field(None, ge=0, le=600)
    talk_s: float | None = Field(None, ge=0, le=3_600)
    says: list[Annotated[Text, Field(max_length=2_000)]] = Field(
        [], max_length=20, description="What the caller says, each a question that the agent answers."
    )

    def script(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class TurnOut(Output):
    role: str = Field(description="agent or caller")
    text: str
    message_id: str | None = Field(None, description="In the conversation of the call.")
    answered: bool | None = Field(None, description="false: the agent had no answer.")
    confidence: float | None = None
    sources: list[dict[str, Any]] = Field([], description="What the answer rests on, with exact quotes.")
