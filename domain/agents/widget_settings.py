"""How an agent's widget looks and behaves, with defaults (seed section 6; FIELDS, Insydr)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from core.strict_model import StrictModel
from core.visible import is_visible, one_line

LANGUAGES = ("ar", "de", "en", "es")  # of the widget's own texts


def _question(value: str) -> str:
    if not is_visible(value):
        raise ValueError("must not be blank")
    return one_line(value)


def _picture(value: str | None) -> str | None:
    if value is not None and not value.startswith("https://"):
        raise ValueError("must begin with https://")
    return value


class Appearance(StrictModel):
    theme: Literal["light", "dark", "auto"] = "light"
    primary_color: str = Field("#2563eb", pattern=r"^#[0-9a-fA-F]{6}$", description="#rrggbb")
    border_radius: int = Field(12, ge=0, le=20, description="Pixels.")
    position: Literal["bottom-right", "bottom-left", "top-right", "top-left"] = "bottom-right"
    shadow: Literal["none", "subtle", "medium", "strong"] = "medium"
    font_scale: int = Field(100, ge=80, le=120, description="Per cent.")
    offset_x: int = Field(20, ge=0, le=500, description="Pixels from the side.")
    offset_y: int = Field(20, ge=0, le=500, description="Pixels from top or bottom.")
    z_index: int = Field(2_147_483_000, ge=0, le=2_147_483_647)


class Behavior(StrictModel):
    greeting_enabled: bool = True
    greeting_delay: int = Field(3000, ge=0, le=600_000, description="Milliseconds.")
    suggested_questions: list[Annotated[str, Field(max_length=200), AfterValidator(_question)]] = Field(
        [], max_length=8
    )
    machine_notice: bool = Field(True, description="Say that a machine answers; visitors cannot dismiss it.")
    offer_escalation: bool = Field(True, description="Offer a human after an answer that is the fallback message.")
    show_confidence: bool = False
    feedback: bool = Field(True, description="Thumbs below each answer.")


class Branding(StrictModel):
    show_powered_by: bool = True
    avatar_url: Annotated[str | None, Field(max_length=2_000), AfterValidator(_picture)] = None


class Protection(StrictModel):
    proof_of_work: bool = Field(
        False, description="A visitor's browser computes for a moment before the first message: dear for robots."
    )


class WidgetConfig(StrictModel):
    appearance: Appearance = Appearance()
    behavior: Behavior = Behavior()
    branding: Branding = Branding()
    protection: Protection = Protection()
    language: Literal["ar", "de", "en", "es"] | None = Field(None, description="null: the page's, else the browser's.")
