"""The sandbox's caller and the agent talk: each line of the script is a question to the agent, as a real caller's is.

So it is kept as a conversation, counts in the analytics, and what could not be answered is on the same work list.
"""

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import InsydrError
from core.queue.outbox import Again
from core.queue.turns import Turn
from domain.calls import repository
from domain.calls.analyst import Analyst
from domain.calls.ending import Turns, finish, greeting
from domain.calls.states import MOVES
from domain.conversations.recording import Visit
from domain.conversations.repository import ConversationRepository
from domain.conversations.said import said_of
from domain.conversations.service import Asked, ConversationService
from domain.models import Call, CallStatus, Channel, Message
from domain.principal import Permission, Principal, system

log = structlog.get_logger()
BUSY_S = 30.0
SORRY = "I am sorry, I cannot answer at the moment."
Conversations = Callable[[], ConversationService]  # loads the model at its first call


def talk(database: Database, conversations: Conversations, analyst: Analyst, call_id: str) -> Again | None:
    """To its end, with transcript and analysis. Run again, or twice at once, it asks nothing twice."""
    turn = Turn(database, f"talk {call_id}")
    try:
        return _talk(database, conversations, analyst, call_id, turn) if turn.go_on() else Again(BUSY_S)
    finally:
        turn.close()


def _talk(database: Database, conversations: Conversations, analyst: Analyst, call_id: str, turn: Turn) -> Again | None:
    with database.read() as session:
        row = repository.found(session, call_id)
        if row is None or CallStatus.COMPLETED not in MOVES[CallStatus(row.status)]:
            return None
        who = system(row.workspace_id, Permission.AGENTS_ASK)
        first, known = greeting(session, who, row), _turns(session, who, row)
    lines = [str(line) for line in row.script.get("says", ())]
    turns = [*first, *known]
    for line in lines[len(known) // 2 :]:
        if not turn.go_on():  # it took so long that another went on
            return Again(BUSY_S)
        turns += _exchange(conversations, who, row, line)
    found = analyst.analyse(turns)
    with database.write() as session:
        locked = repository.by_id(session, call_id)
        if locked is not None and CallStatus.COMPLETED in MOVES[CallStatus(locked.status)]:
            locked.conversation_id = _conversation_id(session, who, locked)
            finish(session, locked, turns, found)
    return None


def _exchange(conversations: Conversations, who: Principal, row: Call, line: str) -> Turns:
    """A question and its answer; an agent that cannot answer now says so."""
    caller = {"role": "caller", "text": line}
    if row.agent_id is None:
        return [caller]
    asked = Asked(line, Visit(Channel.CALL, names_sessions=True, visitor_id=row.lead_id), row.id)
    service = conversations()
    try:
        brief = service.published_brief(who, row.agent_id, asked)
        reply = service.answer(who, brief, asked)
    except InsydrError as error:  # paused, archived, no messages left this month: the call goes on all the same
        log.warning("call_not_answered", call_id=row.id, code=error.code)
        return [caller, {"role": "agent", "text": SORRY, "answered": False}]
    said = said_of(reply, brief)
    return [caller, _answer(said.text, said.message_id, said.answered, said.confidence, said.sources)]


def _conversation_id(session: Session, who: Principal, row: Call) -> str | None:
    known = ConversationRepository(session, who).find(row.agent_id, "", row.id) if row.agent_id else None
    return known.id if known else None


def _turns(session: Session, who: Principal, row: Call) -> Turns:
    """What the conversation of the call has by now."""
    conversations = ConversationRepository(session, who)
    known = conversations.find(row.agent_id, "", row.id) if row.agent_id else None
    return [_turn(one) for one in conversations.messages_of([known.id])[known.id]] if known else []


def _turn(message: Message) -> dict[str, Any]:
    if message.role == "user":
        return {"role": "caller", "text": message.content, "message_id": message.id}
    return _answer(message.content, message.id, message.answered, message.confidence, message.sources)


def _answer(
    text: str, message_id: str, answered: bool | None, confidence: float | None, sources: Sequence[Any]
) -> dict[str, Any]:
    return {
        "role": "agent", "text": text, "message_id": message_id, "answered": answered, "confidence": confidence,
        "sources": list(sources),
    }  # fmt: skip
