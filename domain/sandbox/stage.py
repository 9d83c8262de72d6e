"""What the sandbox is to report, and when: planned with the call, message or mail, in the same transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database.conflicts import insert_into
from domain.models import SandboxReport

SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Planned:
    """`report` is due `after_s` seconds from now; what stands in it is the affair of who applies it."""

    after_s: float
    report: Mapping[str, Any]


def of_message(script: Mapping[str, Any], pace_s: float) -> list[Planned]:
    """Of a text message or a mail: sent after the pace, or the script's own, its outcome after it once more; one that
    fails is never sent."""
    after_s = float(script.get("delay_s", pace_s))
    outcome = str(script.get("outcome", "delivered"))
    error = {} if outcome == "delivered" else {"error": f"The sandbox was told to: {outcome}."}
    last = Planned(2 * after_s, {"status": outcome, **error})
    return [last] if outcome == "failed" else [Planned(after_s, {"status": "sent"}), last]


def plan(session: Session, workspace_id: str, target_id: str, reports: Sequence[Planned], first: int = 1) -> None:
    """Numbered from `first` on. Planning the same again changes nothing."""
    plan_all(session, workspace_id, {target_id: reports}, first)


def plan_all(session: Session, workspace_id: str, reports: Mapping[str, Sequence[Planned]], first: int = 1) -> None:
    """As `plan`, of many targets."""
    now = utc_now()
    rows = [
        {
            "target_id": target_id, "sequence": number, "workspace_id": workspace_id,
            "due_at": now + timedelta(seconds=one.after_s), "report": dict(one.report),
        }
        for target_id, some in reports.items() for number, one in enumerate(some, start=first)
    ]  # fmt: skip
    if rows:
        session.execute(insert_into(session, SandboxReport).values(rows).on_conflict_do_nothing())
