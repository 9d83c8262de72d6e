"""Questions as a conversation would have left them, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from core.clock import utc_now
from core.database import Database
from core.database.bulk import insert_rows
from core.database.schema import ensure_schema
from core.ids import Prefix, new_id
from core.settings import Plan
from domain.analytics.marks_repository import mark
from domain.models import Agent, Conversation, Message, Question, User
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.workspaces.service import NewWorkspace, create_workspace


@dataclass(frozen=True)
class Asking:
    """A workspace with one agent."""

    database: Database
    who: Principal
    agent_id: str

    @classmethod
    def on(cls, database: Database) -> Self:
        ensure_schema(database)
        user, agent = new_id(Prefix.USER), new_id(Prefix.AGENT)
        with database.write() as session:
            session.add(User(id=user, email=f"{user}@example.com", full_name="A", password_hash="x"))
            session.flush()
            workspace_id = create_workspace(session, user, NewWorkspace("W"), Plan.ENTERPRISE).id
            session.add(Agent(
                id=agent, workspace_id=workspace_id, name="A", agent_type="GENERAL", status="DRAFT",
                behavior_settings={}, response_config={}, conversation_rules={},
            ))  # fmt: skip
        return cls(database, Principal(workspace_id, user, ROLE_PERMISSIONS[Role.OWNER], Role.OWNER), agent)

    def ask(
        self, texts: Sequence[str], *, answered: bool = False, visitor: str | None = None, at: datetime | None = None
    ) -> list[str]:
        """In one conversation, a millisecond apart; the ids of the questions."""
        at = at or utc_now()
        conversation, workspace = new_id(Prefix.CONVERSATION), {"workspace_id": self.who.workspace_id}
        ids = [(new_id(Prefix.MESSAGE), new_id(Prefix.MESSAGE)) for _ in texts]
        moments = [at + timedelta(milliseconds=number) for number in range(len(texts))]
        with self.database.write() as session:
            session.add(Conversation(
                id=conversation, agent_id=self.agent_id, channel="TEST", session_id=conversation, created_at=at,
                last_message_at=moments[-1], **workspace,
            ))  # fmt: skip
            session.flush()
            shared = workspace | {"conversation_id": conversation, "sources": [], "created_at": at}
            insert_rows(
                session, Message,
                [{"id": one, "role": "user", "content": text} for (one, _), text in zip(ids, texts, strict=True)],
                shared,
            )  # fmt: skip
            rows = [
                {"id": one, "answer_id": answer, "asked_at": moment}
                for (one, answer), moment in zip(ids, moments, strict=True)
            ]
            told = {
                "conversation_id": conversation, "agent_id": self.agent_id, "channel": "TEST",
                "visitor_key": visitor or conversation, "answered": answered, "document_ids": [],
            }  # fmt: skip
            insert_rows(session, Question, rows, workspace | told)
            mark(session, self.who.workspace_id, moments)
        return [one for one, _ in ids]
