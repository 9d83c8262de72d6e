"""Migrations that carry rows over: what was stored before means the same after."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from core.database import Database
from core.database.schema import alembic_config
from domain.unanswered.phrasing import digest_of
from tests.support.services import fresh_postgres

BEFORE = """
INSERT INTO workspaces (id, name, slug, timezone, plan, settings, owner_id, revision, created_at)
VALUES ('ws', 'W', 'w', 'UTC', 'FREE', '{}', 'user', 1, '2026-01-01 00:00:00');
INSERT INTO agents (id, workspace_id, name, agent_type, status, behavior_settings, response_config, conversation_rules,
    all_collections, updated_at, revision, created_at)
VALUES ('agent', 'ws', 'A', 'GENERAL', 'DRAFT', '{}', '{}', '{}', true, '2026-01-01 00:00:00', 1,
    '2026-01-01 00:00:00');
INSERT INTO conversations (id, workspace_id, agent_id, channel, created_at)
VALUES ('sess_1', 'ws', 'agent', 'TEST', '2026-01-01 10:00:00'),
    ('sess_2', 'ws', 'agent', 'TEST', '2026-01-02 10:00:00');
INSERT INTO messages (id, conversation_id, workspace_id, role, content, sources, answered, created_at)
VALUES ('m1', 'sess_1', 'ws', 'user', 'First?', '[]', null, '2026-01-01 10:00:00'),
    ('m2', 'sess_1', 'ws', 'agent', 'Yes.', '[]', true, '2026-01-01 10:00:01'),
    ('m3', 'sess_1', 'ws', 'user', 'Second?', '[]', null, '2026-01-01 10:05:00'),
    ('m4', 'sess_1', 'ws', 'agent', 'No idea.', '[]', false, '2026-01-01 10:05:01')
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'old.db'}")
        yield made
        made.close()
        return
    with fresh_postgres() as url:
        made = Database(url)
        yield made
        made.close()


def test_conversations_become_records(database: Database) -> None:
    config = alembic_config(database)
    with database.engine.execution_options(insydr_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        for statement in BEFORE.split(";\n"):
            connection.execute(text(statement))
        command.upgrade(config, "0011")
        found = connection.execute(
            text("SELECT session_id, key_id, messages, unanswered, first_question, last_message_at FROM conversations")
        ).all()
        command.downgrade(config, "0010")
        assert connection.execute(text("SELECT count(*) FROM conversations")).scalar() == 2
    rows = [(*row[:5], str(row[5])[:19]) for row in sorted(found)]
    assert rows == [
        ("sess_1", "", 4, 1, "First?", "2026-01-01 10:05:01"), ("sess_2", "", 0, 0, "", "2026-01-02 10:00:00"),
    ]  # fmt: skip


def test_what_was_asked_before_is_counted_too(database: Database) -> None:
    """A question belongs to the answer that followed before the next one; one without an answer is not counted."""
    config = alembic_config(database)
    with database.engine.execution_options(insydr_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        for statement in BEFORE.split(";\n"):
            connection.execute(text(statement))
        sources = '[{"document_id": "d2"}, {"document_id": "d1"}, {"document_id": "d2"}]'
        connection.execute(text("UPDATE messages SET sources = :sources WHERE id = 'm2'"), {"sources": sources})
        asked = "INSERT INTO messages (id, conversation_id, workspace_id, role, content, sources, created_at) VALUES "
        values = "('m5', 'sess_1', 'ws', 'user', 'Third?', '[]', '2026-01-01 10:06:00')"
        connection.execute(text(asked + values))
        command.upgrade(config, "0017")
        query = "SELECT id, answer_id, visitor_key, answered, document_ids FROM questions ORDER BY id"
        found = connection.execute(text(query)).all()
        assert connection.execute(text("SELECT count(*) FROM stale_days")).scalar() == 2
        command.downgrade(config, "0016")
    told = [(*row[:3], bool(row[3]), json.loads(row[4]) if isinstance(row[4], str) else row[4]) for row in found]
    assert told == [("m1", "m2", "sess_1", True, ["d2", "d1", "d2"]), ("m3", "m4", "sess_1", False, [])]


def test_a_cluster_becomes_one_of_phrasings(database: Database) -> None:
    """Its question is the first, with the vector that it had; the other questions are looked at again."""
    config = alembic_config(database)
    cluster = (
        "INSERT INTO question_clusters (id, workspace_id, question_id, question, model, vector, last_asked_at, asked, "
        "failed, updated_at, revision, created_at) VALUES (:id, 'ws', 'm1', :question, 'fake', :vector, "
        "'2026-01-01 10:00:00', 1, 1, '2026-01-01 10:00:00', 1, '2026-01-01 10:00:00')"
    )
    rows = [
        {"id": "uq_1", "question": "Is it  blue?", "vector": b"\x00\xff"},
        {"id": "uq_2", "question": "is it blue", "vector": b"\x01"},
    ]
    with database.engine.execution_options(insydr_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        for statement in BEFORE.split(";\n"):
            connection.execute(text(statement))
        command.upgrade(config, "0017")
        connection.execute(text(cluster), rows)
        connection.execute(text("UPDATE questions SET cluster_id = 'uq_1', pending = false"))
        command.upgrade(config, "0018")
        query = (
            "SELECT p.id, p.text, p.question_id, p.vector, p.digest FROM question_phrasings p JOIN question_clusters c"
        )
        found = connection.execute(text(query + " ON c.phrasing_id = p.id ORDER BY p.id")).all()
        assert connection.execute(text("SELECT count(*) FROM questions WHERE pending")).scalar() == 2
        worded = connection.execute(text("SELECT id, phrasing_id FROM questions ORDER BY id")).all()
        assert [tuple(row) for row in worded] == [("m1", "phr_1"), ("m3", None)]
        command.downgrade(config, "0017")
        back = connection.execute(text("SELECT id, question_id, vector FROM question_clusters ORDER BY id")).all()
    told = [(*row[:3], bytes(row[3]), row[4]) for row in found]
    assert told == [
        ("phr_1", "Is it  blue?", "m1", b"\x00\xff", digest_of("Is it blue")),
        ("phr_2", "is it blue", "m1", b"\x01", "uq_2"),
    ]  # fmt: skip
    assert [(*row[:2], bytes(row[2])) for row in back] == [("uq_1", "m1", b"\x00\xff"), ("uq_2", "m1", b"\x01")]


def test_what_is_open_is_asked_again(database: Database) -> None:
    """Of the agent that was asked it."""
    config = alembic_config(database)
    cluster = (
        "INSERT INTO question_clusters (id, workspace_id, phrasing_id, question, by_hand, last_asked_at, asked, "
        "failed, status, updated_at, revision, created_at) VALUES (:id, 'ws', :phrasing, 'Q', false, "
        "'2026-01-01 10:00:00', 1, 1, :status, '2026-01-01 10:00:00', 1, '2026-01-01 10:00:00')"
    )
    phrasing = (
        "INSERT INTO question_phrasings (id, workspace_id, cluster_id, question_id, digest, text, model, vector, "
        "passages, last_asked_at, moved, created_at) VALUES (:id, 'ws', :cluster, :question, :id, 'Q', 'fake', "
        ":vector, '[]', '2026-01-01 10:00:00', false, '2026-01-01 10:00:00')"
    )
    with database.engine.execution_options(insydr_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        for statement in BEFORE.split(";\n"):
            connection.execute(text(statement))
        command.upgrade(config, "0018")
        for number, (status, question) in enumerate([("OPEN", "m1"), ("RESOLVED", "gone")]):
            ids = {"id": f"uq_{number}", "phrasing": f"phr_{number}"}
            connection.execute(text(cluster), ids | {"status": status})
            row = {"id": f"phr_{number}", "cluster": f"uq_{number}", "question": question, "vector": b"\0"}
            connection.execute(text(phrasing), row)
        command.upgrade(config, "0019")
        due = connection.execute(text("SELECT id, recheck FROM question_clusters ORDER BY id")).all()
        asked = connection.execute(text("SELECT agents, disputed FROM question_phrasings ORDER BY id")).all()
        command.downgrade(config, "0018")
        assert connection.execute(text("SELECT count(*) FROM question_phrasings")).scalar() == 2
    assert [tuple(row) for row in due] == [("uq_0", 1.0), ("uq_1", None)]
    told = [json.loads(value) if isinstance(value, str) else value for row in asked for value in row]
    assert told == [["agent"], {}, [], {}]
