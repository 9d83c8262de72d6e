"""Ask a published agent, read the answer as it is written, give a thumb: `pip install requests`.

    export INSYDR_URL=http://127.0.0.1:8000 INSYDR_KEY=sk_live_… INSYDR_WORKSPACE=ws_… INSYDR_AGENT=agent_…
    python ask.py "How long is the battery covered?"

The key needs the permission `agents:ask`.
"""

import json
import os
import sys
import uuid

import requests

BASE = f"{os.environ['INSYDR_URL']}/api/v1/workspaces/{os.environ['INSYDR_WORKSPACE']}"
HEADERS = {"Authorization": f"Bearer {os.environ['INSYDR_KEY']}"}


def ask(question: str, session_id: str) -> dict:
    """Print the answer as it comes; what the last events say."""
    body = {
        "message": question,
        "session_id": session_id,  # the next question of the same session may be a follow-up
        "client_message_id": uuid.uuid4().hex,  # sent again after a lost connection, it is not answered twice
        "stream": True,
    }
    url = f"{BASE}/agents/{os.environ['INSYDR_AGENT']}/chat"
    said: dict = {}
    with requests.post(url, json=body, headers=HEADERS, stream=True, timeout=120) as reply:
        if not reply.ok:
            raise SystemExit(f"{reply.status_code}: {reply.json()['detail']}")
        reply.encoding = "utf-8"
        for line in reply.iter_lines(decode_unicode=True):
            if not line.startswith("data: "):
                continue
            event = json.loads(line[6:])
            if event["type"] == "token":
                print(event["content"], end="", flush=True)
            elif event["type"] == "error":
                raise SystemExit(f"\n{event['code']}: {event['detail']}")
            else:
                said |= event
    print()
    return said


def give_thumb(message_id: str, up: bool, comment: str | None = None) -> None:
    body = {"feedback_type": "THUMBS_UP" if up else "THUMBS_DOWN", "comment": comment}
    requests.post(f"{BASE}/messages/{message_id}/feedback", json=body, headers=HEADERS, timeout=30).raise_for_status()


if __name__ == "__main__":
    answer = ask(sys.argv[1], session_id=uuid.uuid4().hex)
    for number, source in enumerate(answer["sources"], 1):
        print(f"[{number}] {source['title']}: “{source['quote']}”")
    print(f"Confidence: {answer['confidence']:.2f}")
    give_thumb(answer["message_id"], up=answer["answered"])
