"""`insydr documents`."""

from typing import Any

from insydr.client import connected
from insydr.output import emit


def run_documents(
    workspace: str | None, collection: str | None, status: str | None, limit: int, offset: int, *, as_json: bool
) -> None:
    with connected(workspace) as client:
        chosen = client.collection(collection)
        wanted = {"limit": limit, "offset": offset, "status": status, "collection_id": chosen}
        params = {name: value for name, value in wanted.items() if value is not None}
        reply = client.call("GET", "/documents", params=params)
    rows = "\n".join(map(_line, reply["documents"]))
    emit(reply, as_json=as_json, text=f"{rows}\n{len(reply['documents'])} of {reply['total']} documents".strip())


def _line(row: dict[str, Any]) -> str:
    state = row["status"] if row["status"] != "PROCESSING" else f"{row['stage']} {row['progress']:.0%}"
    problem = f"  {row['error_code']}: {row['error_message']}" if row["error_code"] else ""
    return f"{row['id']}  {state:<11} {row['chunk_count']:>6} chunks  {row['title']}{problem}"
