// Ask a published agent from a page or from Node 18+, read the answer as it is written, give a thumb. No dependencies.
//
//   import { ask, giveThumb } from "./ask.mjs";
//   const widget = { url: "http://127.0.0.1:8000", apiKey: "pk_live_…", agentId: "agent_…" };
//   const answer = await ask(widget, "How long is the battery covered?", { sessionId: "s1", onToken: console.log });
//   await giveThumb(widget, answer.message_id, "THUMBS_UP");
//
// In a page the key must allow the page's origin; from Node, a key for "*".

/** The answer's text and what the last events say; a lost connection is taken up again where it broke. */
export async function ask(widget, message, { sessionId, onToken = () => {}, tries = 5 } = {}) {
  const body = JSON.stringify({
    agent_id: widget.agentId,
    session_id: sessionId,
    client_message_id: Math.random().toString(36).slice(2) + Date.now(),
    message,
    metadata: { page_url: globalThis.location?.href },
  });
  const answer = { text: "" };
  let lastEventId = null;
  for (let attempt = 1; ; attempt++) {
    try {
      for await (const event of events(widget, body, lastEventId)) {
        lastEventId = event.id;
        if (event.data.type === "start" && event.data.message_id !== answer.message_id) answer.text = "";
        if (event.data.type === "error") throw Object.assign(new Error(event.data.detail), { final: true });
        if (event.data.type === "token") {
          answer.text += event.data.content;
          onToken(event.data.content);
        } else {
          Object.assign(answer, event.data);
        }
        if (event.data.type === "done") return answer;
      }
      throw new Error("the connection ended before the answer");
    } catch (error) {
      if (error.final || attempt >= tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
    }
  }
}

export async function giveThumb(widget, messageId, feedbackType, comment = null) {
  const body = JSON.stringify({ message_id: messageId, feedback_type: feedbackType, comment });
  const reply = await fetch(`${widget.url}/api/v1/widget/feedback`, { method: "POST", headers: headers(widget), body });
  if (!reply.ok) throw new Error((await reply.json()).detail);
}

const headers = (widget) => ({ "X-API-Key": widget.apiKey, "Content-Type": "application/json" });

async function* events(widget, body, lastEventId) {
  const resumed = lastEventId ? { "Last-Event-ID": lastEventId } : {};
  const reply = await fetch(`${widget.url}/api/v1/widget/chat`, {
    method: "POST",
    headers: { ...headers(widget), ...resumed },
    body,
  });
  if (!reply.ok) {
    const { detail, code } = await reply.json();
    throw Object.assign(new Error(detail), { code, final: reply.status < 500 });
  }
  let text = "";
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    text += chunk.value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (name) => lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length))[0];
      if (field("data: ")) yield { id: field("id: "), data: JSON.parse(field("data: ")) };
    }
  }
}
