"""Queries of conversations and their messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from core.database.conflicts import insert_into
from domain.analytics.recording import note_removal
from domain.models import Channel, Conversation, Escalation, Feedback, Message, Workspace
from domain.scope import TenantRepository
from domain.unanswered.removal_repository import reword, touched
from retrieval.answers import Turn

HISTORY_TURNS = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations; None: whichever. Of those that were going on between `since` and `until`.

    `visitor` is the id that the client gave the visitor, or the e-mail address that the visitor left.
    """

    agent_id: str | None = None
    channel: Channel | None = None
    since: datetime | None = None
    until: datetime | None = None
    answered: bool | None = None  # False: with a fallback among its answers
    feedback: Feedback | None = None
    escalated: bool | None = None
    text: str | None = None  # in any of its messages
    visitor: str | None = None


class ConversationRepository(TenantRepository):
    def get(self, conversation_id: str) -> Conversation | None:
        return self.session.scalar(self.select(Conversation).where(Conversation.id == conversation_id))

    def find(self, agent_id: str, key_id: str, session_id: str, *, lock: bool = False) -> Conversation | None:
        """Of a session, as its visitor names it; that of another key is another session."""
        query = self.select(Conversation).where(
            Conversation.agent_id == agent_id, Conversation.key_id == key_id, Conversation.session_id == session_id
        )
        return self.session.scalar(query.with_for_update() if lock else query)

    def open(self, values: dict[str, Any]) -> Conversation:
        """A new conversation, locked; that which another opened for the same session at the same moment."""
        row = insert_into(self.session, Conversation).values(workspace_id=self.who.workspace_id, **values)
        key = ("agent_id", "key_id", "session_id")
        self.session.execute(row.on_conflict_do_nothing(index_elements=key))
        found = self.find(*(values[name] for name in key), lock=True)
        assert found is not None
        return found

    def history(self, conversation_id: str) -> list[Turn]:
        """The last turns, oldest first."""
        query = self.select(Message).where(Message.conversation_id == conversation_id)
        rows = self.session.scalars(query.order_by(Message.id.desc()).limit(HISTORY_TURNS)).all()
        return [Turn(row.role, row.content) for row in reversed(rows)]

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Conversation], int]:
        """The latest first, and how many there are."""
        query = self._wanted(wanted)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        latest = query.order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
        return list(self.session.scalars(latest.limit(limit).offset(offset))), total

    def after(self, wanted: Wanted, conversation_id: str, limit: int) -> list[Conversation]:
        """A page in the order in which they began: those after that one."""
        query = self._wanted(wanted).where(Conversation.id > conversation_id)
        return list(self.session.scalars(query.order_by(Conversation.id).limit(limit)))

    def messages(self, conversation_id: str, limit: int, offset: int) -> tuple[list[Message], int]:
        """Oldest first, and how many there are."""
        query = self.select(Message).where(Message.conversation_id == conversation_id)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(Message.id).limit(limit).offset(offset))), total

    def messages_of(self, conversation_ids: Sequence[str]) -> dict[str, list[Message]]:
        """All messages of each, oldest first."""
        found: dict[str, list[Message]] = {one: [] for one in conversation_ids}
        query = self.select(Message).where(Message.conversation_id.in_(conversation_ids)).order_by(Message.id)
        for row in self.session.scalars(query):
            found[row.conversation_id].append(row)
        return found

    def message(self, message_id: str, key_id: str, *, lock: bool = False) -> tuple[Message, Conversation] | None:
        """With its conversation, which is what to `lock` for a change of either; None for one that came by another
        key."""
        message = self.session.scalar(self.select(Message).where(Message.id == message_id))
        if message is None:
            return None
        query = self.select(Conversation).where(
            Conversation.id == message.conversation_id, Conversation.key_id == key_id
        )
        conversation = self.session.scalar(query.with_for_update() if lock else query)
        if conversation is None:
            return None
        if lock:  # as it is now that nobody else changes it
            self.session.refresh(message)
        return message, conversation

    def escalations_of(self, conversation_ids: Sequence[str]) -> dict[str, list[Escalation]]:
        """Of each, oldest first."""
        found: dict[str, list[Escalation]] = {one: [] for one in conversation_ids}
        query = self.select(Escalation).where(Escalation.conversation_id.in_(conversation_ids))
        for row in self.session.scalars(query.order_by(Escalation.id)):
            found[row.conversation_id].append(row)
        return found

    def remove(self, wanted: Wanted, limit: int) -> int:
        """Some of them, with their messages; how many."""
        ids = list(self.session.scalars(self._wanted(wanted).with_only_columns(Conversation.id).limit(limit)))
        remove_all(self.session, ids)
        return len(ids)

    def _wanted(self, wanted: Wanted) -> Select[Conversation]:
        query = self.select(Conversation)
        if wanted.agent_id is not None:
            query = query.where(Conversation.agent_id == wanted.agent_id)
        if wanted.channel is not None:
            query = query.where(Conversation.channel == wanted.channel)
        if wanted.since is not None:
            query = query.where(Conversation.last_message_at >= wanted.since)
        if wanted.until is not None:
            query = query.where(Conversation.created_at < wanted.until)
        if wanted.answered is not None:
            query = query.where(Conversation.unanswered == 0 if wanted.answered else Conversation.unanswered > 0)
        if wanted.escalated is not None:
            at = Conversation.escalated_at
            query = query.where(at.is_not(None) if wanted.escalated else at.is_(None))
        if wanted.visitor is not None:
            query = query.where(_is_of(wanted.visitor))
        return query.where(*_told(wanted))


def remove_all(session: Session, conversation_ids: Sequence[str]) -> None:
    """With their messages, which the database takes along."""
    questions = touched(session, conversation_ids)
    note_removal(session, conversation_ids)
    session.execute(delete(Conversation).where(Conversation.id.in_(conversation_ids)))
    reword(session, questions)


def retentions(session: Session) -> list[int | None]:
    """For how many days workspaces keep conversations, each number once; None: as the installation does."""
    return list(session.scalars(select(Workspace.conversation_retention_days).distinct()))


def outlived(session: Session, days: int | None, before: datetime, limit: int) -> list[str]:
    """Some conversations, of workspaces that keep them so many days, whose last message is older."""
    query = select(Conversation.id).join(Workspace, Workspace.id == Conversation.workspace_id)
    kept = Workspace.conversation_retention_days.is_not_distinct_from(days)
    return list(session.scalars(query.where(kept, Conversation.last_message_at < before).limit(limit)))


def quiet(session: Session, before: datetime, limit: int) -> list[Conversation]:
    """Some conversations that have not ended, locked, whose last message is older; without those in use just now."""
    query = select(Conversation).where(Conversation.ended_at.is_(None), Conversation.last_message_at < before)
    return list(session.scalars(query.order_by(Conversation.last_message_at).limit(limit)
                                .with_for_update(skip_locked=True, key_share=True)))  # fmt: skip


def _is_of(visitor: str) -> ColumnElement[bool]:
    address = func.lower(Conversation.email) == visitor.strip().lower()
    return or_(Conversation.visitor_id == visitor, address)


def _told(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What the messages must say."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.feedback is not None:
        thumbs = Conversation.thumbs_up if wanted.feedback is Feedback.THUMBS_UP else Conversation.thumbs_down
        conditions.append(thumbs > 0)
    if wanted.text is not None:
        said = exists().where(
            Message.conversation_id == Conversation.id, Message.content.icontains(wanted.text, autoescape=True)
        )
        conditions.append(said)
    return conditions
