"""What reports take over very many messages: `python -m evals.analytics_bench [--messages 1000000]`.

A year of conversations with five agents on three channels, on SQLite and on PostgreSQL. Their days are counted as the
job does; then each report is asked for in turn, as it is sent. Times are milliseconds; `count a day` is one of these,
`count the fullest day` one of 100,000 questions.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from api.insydr.analytics_schemas import activity_out, overview_out
from api.insydr.unanswered_schemas import questions_out, unanswered_out
from core.clock import utc_now
from core.database import Database
from core.database.bulk import insert_rows
from core.ids import Prefix, new_id
from core.settings import Plan
from domain.analytics.counting import count_all, recount
from domain.analytics.days import Wish
from domain.analytics.marks_repository import mark_everything
from domain.analytics.repository import Slice
from domain.analytics.service import AnalyticsService
from domain.models import Agent, ClusterStatus, Conversation, Message, Question, QuestionCluster, User
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.unanswered.repository import WantedItems
from domain.unanswered.service import UnansweredService
from domain.workspaces.service import NewWorkspace, create_workspace
from evals.databases import KINDS, databases

CHANNELS = ("WIDGET", "TEST", "API")
AGENTS = 5
DAYS = 365
TURNS = 2  # questions of a conversation
CLUSTERS = 20_000
FULL_DAY = 100_000
ROUNDS = 40
TOGETHER = 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--on", choices=KINDS, default="both")
    asked = parser.parse_args()
    found = {name: _measured(database, asked.messages) for name, database in databases(asked.on)}
    print(json.dumps(found, indent=2))


def _measured(database: Database, messages: int) -> dict[str, Any]:
    bench = _Bench.made(database)
    began = time.perf_counter()
    today = utc_now().date()
    bench.fill(messages // 2, DAYS, today)
    bench.fill(FULL_DAY, 1, today - timedelta(days=DAYS + 10))
    _say(f"filled in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    with database.write() as session:
        mark_everything(session, bench.who.workspace_id)
    count_all(database, bench.who, "UTC")
    counted_s = round(time.perf_counter() - began, 1)
    _say(f"counted in {counted_s} s")
    found: dict[str, Any] = {"count a year, s": counted_s}
    for name, day in (("count a day", today), ("count the fullest day", today - timedelta(days=DAYS + 10))):
        began = time.perf_counter()
        recount(database, bench.who, day, "UTC")
        found[name] = round((time.perf_counter() - began) * 1000, 1)
    return found | {name: _timed(database, ask) for name, ask in bench.reports()}


def _timed(database: Database, ask: Callable[[Session], Any]) -> dict[str, float]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with database.read() as session:
            ask(session)
        times.append((time.perf_counter() - began) * 1000)
    return {"p50": round(float(np.percentile(times, 50)), 1), "p95": round(float(np.percentile(times, 95)), 1)}


@dataclass(frozen=True, slots=True)
class _Bench:
    database: Database
    who: Principal
    agents: list[str]
    clusters: list[str]
    chance: random.Random

    @classmethod
    def made(cls, database: Database) -> "_Bench":
        user = new_id(Prefix.USER)
        with database.write() as session:
            session.add(User(id=user, email="bench@example.com", full_name="B", password_hash="x"))
            session.flush()
            workspace_id = create_workspace(session, user, NewWorkspace("Bench"), Plan.ENTERPRISE).id
        who = Principal(workspace_id, user, ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)
        agents = [new_id(Prefix.AGENT) for _ in range(AGENTS)]
        clusters = [new_id(Prefix.UNANSWERED) for _ in range(CLUSTERS)]
        bench = cls(database, who, agents, clusters, random.Random(7))
        bench._frame()
        return bench

    def _frame(self) -> None:
        now, workspace = utc_now(), {"workspace_id": self.who.workspace_id}
        with self.database.write() as session:
            for one in self.agents:
                session.add(Agent(
                    id=one, name=one, agent_type="GENERAL", status="DRAFT", behavior_settings={}, response_config={},
                    conversation_rules={}, **workspace,
                ))  # fmt: skip
            session.flush()
            shared = workspace | {
                "status": ClusterStatus.OPEN.value, "opened_at": now,
                "last_asked_at": now, "updated_at": now, "created_at": now, "category": "Bench",
            }  # fmt: skip
            rows = [
                {"id": one, "phrasing_id": one, "question": f"Question {number}?"}
                for number, one in enumerate(self.clusters)
            ]
            insert_rows(session, QuestionCluster, rows, shared)

    def fill(self, questions: int, days: int, last: date) -> None:
        """So many questions, evenly over the days."""
        made = 0
        while made < questions:
            some = min(TOGETHER, questions - made)
            self._some(some, days, last)
            made += some
            _say(f"\r{made:,} of {questions:,} questions", end="" if made < questions else "\n")

    def _some(self, count: int, days: int, last: date) -> None:
        conversations: list[dict[str, Any]] = []
        messages: list[dict[str, Any]] = []
        questions: list[dict[str, Any]] = []
        for conversation in self._conversations(count // TURNS, days, last):
            conversations.append(conversation)
            for turn in range(TURNS):
                at = conversation["created_at"] + timedelta(seconds=40 * turn)
                question, answer = self._exchange(conversation, at)
                messages += [question, answer]
                questions.append(self._question(conversation, question["id"], answer["id"], at))
        workspace = {"workspace_id": self.who.workspace_id}
        with self.database.write() as session:
            insert_rows(session, Conversation, conversations, workspace)
            insert_rows(session, Message, messages, workspace)
            insert_rows(session, Question, questions, workspace)

    def _conversations(self, count: int, days: int, last: date) -> Iterator[dict[str, Any]]:
        for _ in range(count):
            day = last - timedelta(days=self.chance.randrange(days))
            at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=self.chance.randrange(86_000))
            new = new_id(Prefix.CONVERSATION)
            yield {
                "id": new, "session_id": new, "agent_id": self.chance.choice(self.agents),
                "channel": self.chance.choice(CHANNELS), "created_at": at,
                "last_message_at": at + timedelta(seconds=self.chance.randrange(600)), "messages": 2 * TURNS,
            }  # fmt: skip

    def _exchange(self, conversation: dict[str, Any], at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
        shared = {"conversation_id": conversation["id"], "sources": [], "created_at": at}
        question = shared | {"id": new_id(Prefix.MESSAGE), "role": "user", "content": "How long is it covered?"}
        answer = shared | {
            "id": new_id(Prefix.MESSAGE),
            "role": "agent",
            "content": "It is covered for two years. " * 8,
        }
        return question, answer

    def _question(self, conversation: dict[str, Any], question: str, answer: str, at: datetime) -> dict[str, Any]:
        answered = self.chance.random() < 0.8
        return {
            "id": question, "answer_id": answer, "conversation_id": conversation["id"],
            "agent_id": conversation["agent_id"], "channel": conversation["channel"],
            "visitor_key": conversation["id"], "asked_at": at,
            "cluster_id": self.clusters[int(CLUSTERS * self.chance.random() ** 3)], "answered": answered,
            "refusal": None if answered else "below_threshold", "confidence": self.chance.random(),
            "response_ms": int(self.chance.lognormvariate(5, 1)), "document_ids": ["doc_1", "doc_2"],
            "feedback": self.chance.choice([None] * 8 + ["THUMBS_UP", "THUMBS_DOWN"]), "pending": False,
        }  # fmt: skip

    def reports(self) -> Iterator[tuple[str, Callable[[Session], Any]]]:
        def overview(session: Session, days: int, part: Slice = Slice()) -> str:
            return overview_out(AnalyticsService(session, self.who).overview(Wish(days), part)).model_dump_json()

        def activity(session: Session) -> str:
            return activity_out(AnalyticsService(session, self.who).activity(Wish(90), Slice())).model_dump_json()

        def questions(session: Session) -> str:
            return questions_out(UnansweredService(session, self.who).questions(Wish(90), 50, 0)).model_dump_json()

        def unanswered(session: Session) -> str:
            return unanswered_out(UnansweredService(session, self.who).page(WantedItems(), 50, 0)).model_dump_json()

        for days in (7, 30, 90, 366):
            yield f"overview, {days} days", partial(overview, days=days)
        yield "overview of an agent, 90 days", partial(overview, days=90, part=Slice(self.agents[0]))
        yield "conversations, 90 days", activity
        yield "questions, 90 days", questions
        yield f"unanswered, {CLUSTERS:,} items", unanswered


def _say(text: str, end: str = "\n") -> None:
    print(text, file=sys.stderr, end=end, flush=True)


if __name__ == "__main__":
    main()
