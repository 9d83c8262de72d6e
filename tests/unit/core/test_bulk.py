"""Many rows at once: each has its own values and the shared ones, and few statements bring them."""

from pathlib import Path

import pytest
from sqlalchemy import event, select

from core.clock import utc_now
from core.database import Database, insert_rows
from core.database.bulk import AT_ONCE
from core.database.schema import ensure_schema
from core.queue.outbox import OutboxRow

WHOLE = AT_ONCE[0]


class TestInsertRows:
    @pytest.mark.parametrize("count", [0, 1, WHOLE, WHOLE + 11])
    def test_each_row_has_its_own_values(self, tmp_path: Path, count: int) -> None:
        database, made, now = Database(f"sqlite:///{tmp_path / 'a.db'}"), list[str](), utc_now()
        ensure_schema(database)
        event.listen(database.engine, "before_cursor_execute", lambda *told: made.append(told[2]))
        rows = [{"job": f"job {number}", "id": f"{number:04}", "arguments": {"n": number}} for number in range(count)]
        with database.write() as session:
            insert_rows(session, OutboxRow, rows, {"due_at": now, "reason": None})
        inserts = [statement for statement in made if statement.startswith("INSERT")]
        assert len(inserts) == sum(divmod(count % WHOLE, AT_ONCE[1])) + count // WHOLE
        with database.read() as session:
            found = list(session.scalars(select(OutboxRow).order_by(OutboxRow.id)))
        database.close()
        assert [{"job": one.job, "id": one.id, "arguments": one.arguments} for one in found] == rows
        assert all((one.due_at, one.reason, one.wake, one.tries) == (now, None, False, 0) for one in found)
