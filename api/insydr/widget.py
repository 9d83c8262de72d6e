"""CONTRACT, Insydr row 6: what a page's widget asks, with a public key."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, EmailStr, Field

from api.fields import IdText, Input, JsonObject, MessageOut, Name, Text
from api.idempotency import answers_once
from api.insydr.chat import EVENTS, ThumbIn, ThumbOut, thumb_out
from api.insydr.chatting import QuestionIn, answer_of, question_of, streamed, visit_of
from api.insydr.surface import INSYDR
from api.state import State
from api.visitor import Visitor
from domain.agents.service import AgentService, version_label
from domain.agents.settings import widget_config
from domain.agents.widget_settings import Appearance, Behavior, Branding, Protection
from domain.conversations.escalations import Request as EscalationRequest
from domain.conversations.escalations import escalate as keep_escalation
from domain.conversations.feedback import give_feedback
from domain.conversations.proofs import issue
from domain.gaps.watching import WatchService
from domain.models import Agent, Channel

router = INSYDR.router("/api/v1/widget", tag="Widget")


class BehaviorOut(Behavior):
    greeting_message: str | None
    show_sources: bool


class ConfigOut(BaseModel):
    agent_id: str
    agent_name: str
    version: str
    paused: bool = Field(description="Nobody is answered now; `chat` is 409 AGENT_PAUSED.")
    appearance: Appearance
    behavior: BehaviorOut
    branding: Branding
    protection: Protection
    language: str | None


class ChallengeOut(BaseModel):
    challenge: str
    bits: int = Field(description="SHA-256 of `challenge.number` must begin with so many zero bits.")


class WidgetChatIn(QuestionIn):
    agent_id: IdText


class WidgetThumbIn(ThumbIn):
    message_id: IdText


class EscalateIn(Input):
    agent_id: IdText
    email: Annotated[EmailStr, Field(max_length=320)]
    session_id: IdText | None = None
    message: Text | None = Field(None, max_length=5_000)
    name: Name | None = None
    phone: Annotated[Name | None, Field(max_length=50)] = None
    visitor_id: IdText | None = None
    metadata: JsonObject = {}


class EscalationOut(BaseModel):
    id: str
    session_id: str
    status: Literal["OPEN"] = "OPEN"
    message: str = "A human will get back to you."
    created_at: datetime


class NotifyIn(Input):
    message_id: IdText = Field(description="The answer that was none.")
    email: Annotated[EmailStr, Field(max_length=320)]


class NotifyOut(BaseModel):
    id: str = Field(description="To be confirmed, with the code.")
    message: str = "A code is on its way to the address."


class ConfirmIn(Input):
    id: IdText
    code: Text = Field(min_length=6, max_length=6)


@router.get("/config/{agent_id}")
def config(agent_id: Annotated[str, Path(max_length=64)], who: Visitor, state: State, response: Response) -> ConfigOut:
    with state.database.read() as session:
        agent, settings = AgentService(session, who).published(agent_id)
    response.headers["Cache-Control"] = "no-cache"
    return _config_out(agent, settings)


@router.get("/challenge/{agent_id}")
def challenge(
    agent_id: Annotated[str, Path(max_length=64)], who: Visitor, state: State, response: Response
) -> ChallengeOut:
    """For the first message of a session, where the agent's `protection.proof_of_work` asks for it."""
    with state.database.read() as session:
        AgentService(session, who).published(agent_id)
    response.headers["Cache-Control"] = "no-store"
    return ChallengeOut(**issue(state.keys, agent_id, who.key_id or "")._asdict())


@router.post(
    "/chat",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": EVENTS}},
)
@answers_once
async def chat(body: WidgetChatIn, request: Request, who: Visitor, state: State) -> Response:
    question = question_of(body, request, who, body.agent_id, Channel.WIDGET, who.key_id or "")
    live, place = await answer_of(state, question)
    return streamed(state, question, live, place)


@router.post("/feedback")
def feedback(body: WidgetThumbIn, who: Visitor, state: State) -> ThumbOut:
    with state.database.write() as session:
        return thumb_out(
            give_feedback(session, who, who.key_id or "", body.message_id, body.feedback_type, body.comment)
        )


@router.post("/escalate", status_code=201)
def escalate(body: EscalateIn, request: Request, who: Visitor, state: State) -> EscalationOut:
    visit = visit_of(body.metadata, body.visitor_id, request, Channel.WIDGET, who.key_id or "")
    wanted = EscalationRequest(body.agent_id, body.email, body.session_id, body.name, body.phone, body.message)
    with state.database.write() as session:
        row, session_id = keep_escalation(session, who, visit, wanted)
    return EscalationOut(id=row.id, session_id=session_id, created_at=row.created_at)


@router.post("/notify", status_code=202)
def notify(body: NotifyIn, who: Visitor, state: State) -> NotifyOut:
    """Tell a visitor when what they asked can be answered. A code goes to the address, to be confirmed with."""
    service = WatchService(state.database, state.keys, state.mailer, who, who.key_id or "")
    return NotifyOut(id=service.watch(body.message_id, body.email))


@router.post("/notify/confirm")
def confirm_notify(body: ConfirmIn, who: Visitor, state: State) -> MessageOut:
    WatchService(state.database, state.keys, state.mailer, who, who.key_id or "").confirm(body.id, body.code)
    return MessageOut(message="You will be told when it is answered.")


def _config_out(agent: Agent, settings: dict[str, Any]) -> ConfigOut:
    look = widget_config(settings)
    behavior = BehaviorOut(
        **look.behavior.model_dump(),
        greeting_message=settings["greeting_message"],
        show_sources=settings["response_config"]["show_sources"],
    )
    return ConfigOut(
        agent_id=agent.id, agent_name=settings["name"], version=version_label(agent),
        paused=agent.paused_at is not None, appearance=look.appearance, behavior=behavior, branding=look.branding,
        protection=look.protection, language=look.language,
    )  # fmt: skip
