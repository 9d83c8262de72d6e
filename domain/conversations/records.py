"""The records of conversations: listed, read, exported, removed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.database import Database
from core.errors import NotFound
from domain.agents.repository import AgentRepository
from domain.agents.service import AgentService
from domain.audit.actions import Action, TargetType
from domain.audit.recording import Target, audit, done, target_of
from domain.conversations.repository import ConversationRepository, Wanted, remove_all
from domain.models import Conversation, Escalation, Message
from domain.principal import Permission, Principal

PAGE = 100  # conversations that one transaction reads or removes


@dataclass(frozen=True, slots=True)
class Recorded:
    """A conversation, how its agent is called today, messages of it, and who asked for a human, oldest first."""

    conversation: Conversation
    agent_name: str
    messages: Sequence[Message] = ()
    escalations: Sequence[Escalation] = ()


class ConversationRecords:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._conversations = ConversationRepository(session, who)

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Recorded], int]:
        """The latest first, without their messages; and how many there are."""
        self._who.require(Permission.CONVERSATIONS_READ)
        self._check(wanted)
        rows, total = self._conversations.page(wanted, limit, offset)
        return self._described(rows), total

    def detail(self, conversation_id: str, limit: int, offset: int) -> tuple[Recorded, int]:
        """The conversation with a page of its messages, and how many it has."""
        self._who.require(Permission.CONVERSATIONS_READ)
        conversation = self._existing(conversation_id)
        messages, total = self._conversations.messages(conversation.id, limit, offset)
        name = self._names([conversation])[conversation.agent_id]
        escalations = self._conversations.escalations_of([conversation.id])[conversation.id]
        return Recorded(conversation, name, messages, escalations), total

    def whole(self, conversation_id: str) -> Recorded:
        """With all its messages."""
        self._who.require(Permission.CONVERSATIONS_READ)
        return self._with_messages([self._existing(conversation_id)])[0]

    def after(self, wanted: Wanted, conversation_id: str) -> list[Recorded]:
        """Some of those after that one (an empty id: the first ones), with all their messages."""
        self._who.require(Permission.CONVERSATIONS_READ)
        self._check(wanted)
        return self._with_messages(self._conversations.after(wanted, conversation_id, PAGE))

    def delete(self, conversation_id: str) -> None:
        self._who.require(Permission.CONVERSATIONS_DELETE)
        conversation = self._existing(conversation_id)
        done(self._session, self._who, Action.CONVERSATION_DELETED, conversation)
        remove_all(self._session, [conversation.id])

    def delete_some(self, visitor: str) -> int:
        """Of that visitor: how many went, none when all have."""
        self._who.require(Permission.CONVERSATIONS_DELETE)
        return self._conversations.remove(Wanted(visitor=visitor), PAGE)

    def _check(self, wanted: Wanted) -> None:
        if wanted.agent_id is not None:
            AgentService(self._session, self._who).named(wanted.agent_id)

    def _with_messages(self, rows: list[Conversation]) -> list[Recorded]:
        ids, names = [row.id for row in rows], self._names(rows)
        messages, escalations = self._conversations.messages_of(ids), self._conversations.escalations_of(ids)
        return [Recorded(row, names[row.agent_id], messages[row.id], escalations[row.id]) for row in rows]

    def _described(self, rows: list[Conversation]) -> list[Recorded]:
        names = self._names(rows)
        return [Recorded(row, names[row.agent_id]) for row in rows]

    def _names(self, rows: list[Conversation]) -> dict[str, str]:
        return AgentRepository(self._session, self._who).names({row.agent_id for row in rows})

    def _existing(self, conversation_id: str) -> Conversation:
        conversation = self._conversations.get(conversation_id)
        if conversation is None:
            raise NotFound("There is no such conversation in this workspace.", code="CONVERSATION_NOT_FOUND")
        return conversation


def exported(database: Database, who: Principal, wanted: Wanted) -> Iterator[list[Recorded]]:
    """All of them in the order in which they began, a page a read: nothing is held while somebody downloads.

    What is wrong with the request is raised here, before anything is sent.
    """

    def after(conversation_id: str) -> list[Recorded]:
        with database.read() as session:
            return ConversationRecords(session, who).after(wanted, conversation_id)

    def pages(page: list[Recorded]) -> Iterator[list[Recorded]]:
        while page:
            yield page
            page = after(page[-1].conversation.id)

    return pages(after(""))


def delete_visitor(database: Database, who: Principal, visitor: str) -> int:
    """Every conversation of the visitor, a page a transaction; how many."""
    removed = 0
    while True:
        with database.write() as session:
            some = ConversationRecords(session, who).delete_some(visitor)
            if some:  # whose they were is what is to be forgotten
                told = {"deleted": some}
                audit(session, who, Action.CONVERSATIONS_DELETED, _everything(who), None, told)
        removed += some
        if some < PAGE:
            return removed


def note_export(database: Database, who: Principal, conversation: Conversation | None = None) -> None:
    """That somebody took conversations away is in the audit log, too."""
    who.require(Permission.CONVERSATIONS_READ)
    target = _everything(who) if conversation is None else target_of(conversation)
    with database.write() as session:
        audit(session, who, Action.CONVERSATIONS_EXPORTED, target, None, None)


def _everything(who: Principal) -> Target:
    return Target(TargetType.WORKSPACE, who.workspace_id)
