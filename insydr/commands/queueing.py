"""`insydr queue`, `insydr dead-letters` and `insydr reconcile`: what waits, what failed, what differs."""

from collections.abc import Sequence
from typing import Any

from core.errors import InvalidInput
from core.queue.outbox import OutboxRow, dead_jobs, replay_jobs
from core.settings import load_settings
from insydr.client import connected
from insydr.commands.ingesting import report_jobs, watch_jobs
from insydr.output import emit
from insydr.parts import Installation


def run_queue(workspace: str | None, *, as_json: bool) -> None:
    with connected(workspace) as client:
        state = client.call("GET", "/queue")
    counts = f"{state['due']} due, {state['queued'] - state['due']} later, {state['processing']} in work"
    failed = "".join(f"\n  {count} failed: {code}" for code, count in sorted(state["failed_by_code"].items()))
    text = f"{state['state']}: {state['message']}\n{counts}; workers: {state['workers']}{failed}"
    emit(state, as_json=as_json, text=text)


def run_dead_letters(
    workspace: str | None,
    code: str | None,
    replay: Sequence[str],
    limit: int,
    offset: int,
    *,
    all_: bool,
    as_json: bool,
) -> int:
    """List them, or with `replay` or `all_` process them once more and wait; exit code 2 when some failed again."""
    if replay and (all_ or code):
        raise InvalidInput("Name documents, or choose by --code and --replay, not both.", code="INVALID_OPTIONS")
    with connected(workspace) as client:
        if replay or all_:
            wanted = {"document_ids": list(replay)} if replay else {"codes": [code]} if code else {"all": True}
            job = client.call("POST", "/dead-letters/replay", json=wanted)
            return report_jobs(watch_jobs(client, [str(job["id"])], quiet=as_json), as_json=as_json)
        params = {"limit": limit, "offset": offset, **({"code": code} if code else {})}
        reply = client.call("GET", "/dead-letters", params=params)
    rows = "\n".join(map(_line, reply["dead_letters"]))
    emit(reply, as_json=as_json, text=f"{rows}\n{len(reply['dead_letters'])} of {reply['total']} dead letters".strip())
    return 0


def run_dead_jobs(limit: int, offset: int, *, replay: bool, as_json: bool) -> None:
    """Upkeep jobs (removals, reconciliations) that failed every time; of the whole installation."""
    parts = Installation(load_settings())
    try:
        if replay:
            with parts.database.write() as session:
                count = replay_jobs(session, None)
            emit({"replayed": count}, as_json=as_json, text=f"{count} jobs are queued again.")
            return
        with parts.database.read() as session:
            rows, total = dead_jobs(session, limit, offset)
    finally:
        parts.close()
    text = "\n".join(f"{row.id}  {row.job}  {row.arguments}  {row.reason}" for row in rows)
    emit({"jobs": [_job(row) for row in rows], "total": total}, as_json=as_json,
         text=f"{text}\n{len(rows)} of {total} dead jobs".strip())  # fmt: skip


def run_reconcile(workspace: str | None, *, as_json: bool) -> None:
    with connected(workspace) as client:
        job = client.call("POST", "/reconcile")
        (ended,) = watch_jobs(client, [str(job["id"])], quiet=True)
    report: dict[str, Any] = ended["report"]
    found = "".join(f"\n  {count} {kind.replace('_', ' ')}" for kind, count in report["found"].items())
    text = f"{report['documents']} documents compared with the index and the files."
    emit(report, as_json=as_json, text=text + (f" Repaired:{found}" if found else " Nothing differs."))


def _line(row: dict[str, Any]) -> str:
    again = "  (may succeed if replayed)" if row["retryable"] else ""
    return f"{row['document_id']}  {row['error_code']}  {row['title']}: {row['error_message']}{again}"


def _job(row: OutboxRow) -> dict[str, Any]:
    return {"id": row.id, "job": row.job, "arguments": row.arguments, "reason": row.reason}
