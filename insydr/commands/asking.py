"""`insydr ask` and `insydr search`."""

from collections.abc import Iterator
from typing import Any

from insydr.client import Client, connected
from insydr.output import emit

AGENT = "Command line"


def run_ask(
    question: str,
    workspace: str | None,
    collection: str | None,
    threshold: float | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    with connected(workspace) as client:
        agent_id = command_line_agent(client, collection, threshold)
        reply = client.call("POST", f"/agents/{agent_id}/test", json={"message": question, "explain": explain})
    emit(reply, as_json=as_json, text=answer_text(reply))


def run_search(query: str, workspace: str | None, collection: str | None, top_k: int, *, as_json: bool) -> None:
    with connected(workspace) as client:
        chosen = client.collection(collection)
        body = {"query": query, "top_k": top_k, "collection_ids": [chosen] if chosen else None}
        reply = client.call("POST", "/search", json=body)
    emit(reply, as_json=as_json, text="\n\n".join(map(_hit_text, reply["results"])) or "Nothing found.")


def command_line_agent(client: Client, collection: str | None, threshold: float | None) -> str:
    """The agent of this command: over the given collection, else over all of them as they are now."""
    chosen = client.collection(collection)
    wanted = [chosen] if chosen else [row["id"] for row in client.collections()]
    config = {"max_response_length": 1_000} | ({} if threshold is None else {"confidence_threshold": threshold})
    fields = {"name": AGENT, "collection_ids": wanted, "response_config": config}
    rows = client.call("GET", "/agents", params={"limit": 200})["agents"]
    for row in rows:
        if row["name"] == AGENT:
            client.call("PATCH", f"/agents/{row['id']}", json=fields)
            return str(row["id"])
    return str(client.call("POST", "/agents", json=fields)["id"])


def answer_text(reply: dict[str, Any]) -> str:
    """The answer, its confidence and its sources, for a terminal."""
    lines = [reply["response"], "", f"Confidence: {reply['confidence']:.2f}"]
    if reply["notice"]:
        lines.append(f"Note: {reply['notice']}")
    for number, source in enumerate(reply["sources"], start=1):
        page = f", page {source['page']}" if source["page"] else ""
        heading = f" › {' › '.join(source['heading_path'])}" if source["heading_path"] else ""
        lines.append(
            f"[{number}] {source['title']}{heading}{page}, characters {source['char_start']}-{source['char_end']}"
        )
        lines.append(f"    “{source['quote']}”")
    if reply["explanation"]:
        lines += ["", *_explained(reply["explanation"])]
    return "\n".join(lines)


def _explained(why: dict[str, Any]) -> Iterator[str]:
    if why["refusal"]:
        yield f"No answer: {why['refusal'].replace('_', ' ')} (threshold {why['threshold']:.2f})"
    for reason in why["reasons"]:
        numbers = f"{reason['feature']} {reason['value']:.2f}, usual {reason['usual']:.2f}"
        yield f"{reason['effect']:+.2f}  {reason['words']} ({numbers})"
    yield f"Time in ms: {', '.join(f'{name} {value:.0f}' for name, value in why['timings_ms'].items())}"


def _hit_text(hit: dict[str, Any]) -> str:
    page = f", page {hit['page']}" if hit["page"] else ""
    return f"{hit['score']:.3f}  {hit['title']}{page} (chunk {hit['chunk_index']})\n{hit['content'][:400]}"
