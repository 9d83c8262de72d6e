"""What an agent can be told, with defaults (seed section 4; FIELDS, Insydr)."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from core.strict_model import StrictModel, first_fault
from domain.agents.widget_settings import WidgetConfig
from domain.changes import UNSET, Unset
from retrieval.answers import DEFAULT_THRESHOLD


class AgentType(StrEnum):
    SALES = "SALES"
    SUPPORT = "SUPPORT"
    HR = "HR"
    TECHNICAL = "TECHNICAL"
    GENERAL = "GENERAL"
    CUSTOM = "CUSTOM"


class AgentStatus(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"


SystemPrompt = Annotated[str, Field(max_length=8_000)]
Voice = Annotated[str, Field(min_length=1, max_length=100, description="As the telephony provider calls it.")]
Language = Annotated[
    str,
    Field(max_length=35, pattern=r"^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$", description="BCP 47, e.g. en-US."),
]
CallSeconds = Annotated[int, Field(ge=10, le=43_200, description="Seconds, after which a call ends.")]


class BehaviorSettings(StrictModel):
    tone: Literal["friendly", "professional", "formal", "casual"] = "friendly"
    response_style: Literal["brief", "detailed", "conversational"] = "conversational"
    language_mode: Literal["auto", "fixed"] = "auto"
    fixed_language: str | None = Field(None, pattern=r"^[a-z]{2}$", description="ISO 639-1, with language_mode fixed.")


class ResponseConfig(StrictModel):
    max_response_length: int = Field(500, ge=20, le=20_000, description="Characters.")
    confidence_threshold: float = Field(
        DEFAULT_THRESHOLD, ge=0, le=1, description="Below it the fallback message is given."
    )
    show_sources: bool = True
    stream_response: bool = Field(True, description="Word by word where the answer is streamed, else all at once.")


class ConversationRules(StrictModel):
    allowed_topics: list[str] = Field(
        [], max_length=100, description="Where any are given, a question must be about one, or so must its sources."
    )
    blocked_words: list[str] = Field([], max_length=500, description="Questions that hold one are not answered.")
    custom_system_prompt: SystemPrompt | None = None


class VoiceSettings(StrictModel):
    """How it speaks on the telephone; null: the provider's choice."""

    voice: Voice | None = None
    language: Language | None = None
    max_call_duration: CallSeconds = 600


MODELS: dict[str, type[BaseModel]] = {
    "behavior_settings": BehaviorSettings,
    "response_config": ResponseConfig,
    "conversation_rules": ConversationRules,
    "widget_config": WidgetConfig,
    "voice_settings": VoiceSettings,
}
DEFAULT_FALLBACK = "I don't have information on that in my sources."


def merged(name: str, old: dict[str, Any], new: dict[str, Any] | Unset | None) -> dict[str, Any]:
    """`new` over `old` over the defaults, part by part, checked; raises `InvalidInput` with the dotted field."""
    if new is UNSET:  # as it was stored, though settings may have changed since
        return old
    try:
        return MODELS[name].model_validate(_over(old, new or {})).model_dump()
    except ValidationError as error:
        raise first_fault(error.errors(include_input=False, include_url=False), within=[name]) from None


def _over(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for name, value in new.items():
        before = old.get(name)
        merged[name] = _over(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def widget_config(settings: dict[str, Any]) -> WidgetConfig:
    """Of a snapshot, also of one from before there were widgets."""
    return WidgetConfig.model_validate(settings.get("widget_config", {}))


def voice_settings(settings: dict[str, Any]) -> VoiceSettings:
    """Of a snapshot, also of one from before agents could call."""
    return VoiceSettings.model_validate(settings.get("voice_settings", {}))
